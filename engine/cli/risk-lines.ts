import type { RiskJson } from '../http/json/risk.ts';
import type { Screen } from './screen.ts';
import { ago, bytes, plural } from './words.ts';

const SHOWN = 10;

/** What would be lost if the machine of a workspace ended now, and what would not but people ask about. */
export function riskLines(workspace: string, risk: RiskJson, { paint }: Screen, now: number): string[] {
  const { files, repositories, excluded, pending } = risk;
  const unsaved = repositories.filter(({ saved }) => !saved);
  const lost = [
    ...(files.length > 0 ? [`${plural(files.length, 'file')} in no backup`] : []),
    ...(unsaved.length > 0 ? [`the local work of ${plural(unsaved.length, 'repository', 'repositories')}`] : []),
    ...(pending.files > 0 ? [`what changed in ${plural(pending.files, 'file')} since the last backup`] : []),
  ];
  const verdict =
    lost.length === 0 ? paint('green', 'nothing would be lost') : paint('yellow', `would lose ${and(lost)}`);
  const last = risk.durable_at === null ? 'none of this machine yet' : ago(risk.durable_at, now);
  return [
    `${paint('bold', workspace)}: ${verdict}`,
    ...rows('no backup', files.map(fileWords)),
    ...rows('changed', pending.files === 0 ? [] : [pendingWords(pending)]),
    ...rows('not pushed', repositories.map(repositoryWords)),
    ...rows(
      'left out',
      excluded.map(({ path, size_bytes, rule }) => `${named(path)}, ${bytes(size_bytes)}: rule "${rule}"`),
    ),
    ...rows('bad rule', risk.bad_lines.map(badLineWords)),
    ...rows('backup', [last]),
  ];

  function rows(label: string, words: readonly string[]): string[] {
    const more =
      words.length > SHOWN ? [`and ${plural(words.length - SHOWN, 'more', 'more')}; --json has them all`] : [];
    const lines = [...words.slice(0, SHOWN), ...more];
    return lines.map((line, at) => `  ${paint('dim', (at === 0 ? label : '').padEnd(10))} ${line}`);
  }
}

/** Every one of them: somebody is about to agree to lose them. */
export function noBackupLines(files: RiskJson['files'], { paint }: Screen): string[] {
  return files.map((file) => `  ${paint('yellow', 'no backup')}  ${fileWords(file)}`);
}

function fileWords({ path, size_bytes, why }: RiskJson['files'][number]): string {
  return `${named(path)}, ${bytes(size_bytes)}: ${why}`;
}

function pendingWords({ files, bytes: size, newest }: RiskJson['pending']): string {
  const some = newest.slice(0, 3).map(named);
  const names = some.length === 0 ? '' : `: ${some.join(', ')}${files > some.length ? ', …' : ''}`;
  return `${plural(files, 'file')}, ${bytes(size)}, since the last backup${names}`;
}

function repositoryWords(repository: RiskJson['repositories'][number]): string {
  const { path, unpushed_commits: commits, changed_files: changed, stashes, saved } = repository;
  const work = [
    ...(commits > 0 ? [plural(commits, 'commit')] : []),
    ...(changed > 0 ? [plural(changed, 'changed file')] : []),
    ...(stashes > 0 ? [plural(stashes, 'stash', 'stashes')] : []),
  ];
  return `${named(path)}: ${and(work)}${saved ? '; in the backups all the same' : '; in no backup'}`;
}

/** It leaves nothing out, though somebody thinks that it does. */
function badLineWords({ file, number, line, why }: RiskJson['bad_lines'][number]): string {
  const where = file === '' ? `exclude ${number} of the workspace` : `${named(file)}:${number}`;
  return `${where}, "${line}": ${why}`;
}

const named = (path: string): string => `/${path.replace(/^\/+/, '')}`;

function and(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
