import { reaches, roleOn, type Who } from '../../engine/domain/account.ts';
import type { AtRisk } from '../../engine/domain/agent-shapes.ts';
import { Failure, isFailure } from '../../engine/domain/failures.ts';
import { VERBS } from '../../engine/domain/verbs.ts';
import { programOf, type Workspace } from '../../engine/domain/workspace.ts';
import { command, flag, text } from '../command.ts';
import { type FileOf, plain } from '../discord/message.ts';
import type { Words } from '../words/words.ts';

const UP: ReadonlySet<string> = new Set(['awake', 'usable', 'waking']);

export const hibernate = command({
  path: 'hibernate',
  verb: 'hibernate',
  changes: ({ all = false }) => !all, // all of them are put to sleep once that was agreed to, which is noted in any case
  options: {
    workspace: text({ en: 'Which workspace', pt: 'Qual workspace' }, { suggests: 'awake', max: 40 }),
    all: flag({ en: 'Every workspace you may put to sleep', pt: 'Todos os workspaces que você pode pôr para dormir' }),
    lose: flag({
      en: 'Although some files are in no backup: they are listed, and you are asked',
      pt: 'Mesmo com arquivos fora do backup: são listados, e você confirma',
    }),
  },
  async run({ options: { workspace, all, lose }, who, engine, asked, follow, confirm, words, signal }) {
    if (all) {
      const names = (await engine.status(null))
        .filter((view) => UP.has(view.sight) && mayHibernate(who, view.workspace))
        .map((view) => view.workspace.id);
      if (names.length === 0) return { content: words.say.nothingAwake };
      return await confirm(words.confirm.hibernateAll(names.map(plain)), null, { names: JSON.stringify(names) });
    }
    if (workspace === undefined) throw new Failure('bad_request', { why: words.say.sayWhich });
    const [view] = await engine.status(workspace);
    const jobs = (view?.workspace.jobs ?? []).map(({ argv }) => plain(programOf(argv)));
    if (lose) {
      const { files } = await engine.atRisk(workspace, signal);
      const agreed = JSON.stringify(files.map(({ path }) => path));
      if (files.length > 0)
        return await confirm(words.confirm.lose(plain(workspace), files), workspace, { agreed }, [
          listOf(files, words),
        ]);
    }
    if (jobs.length > 0) return await confirm(words.confirm.programs(plain(workspace), jobs));
    return await follow(await engine.hibernate(workspace, {}, asked));
  },
  async confirmed({ options, engine, asked, follow, words }) {
    const { workspace, names, agreed } = options as { workspace?: string; names?: string; agreed?: string };
    if (names === undefined) {
      const agreedToLose = agreed === undefined ? [] : (JSON.parse(agreed) as string[]);
      return await follow(await engine.hibernate(workspace ?? '', { agreedToLose }, asked));
    }
    // All are asked for before any panel is waited for.
    const begun = await Promise.all(
      (JSON.parse(names) as string[]).map(async (name) => {
        const each = { ...asked, key: `${asked.key}:${name}` };
        return await engine.hibernate(name, {}, each).catch((cause: unknown) => refused(name, cause, words));
      }),
    );
    const lines = await Promise.all(
      begun.map(async (one) => (typeof one === 'string' ? one : (await follow(one)).content)),
    );
    return { content: lines.join('\n') || words.say.nothingAwake, embeds: [] };
  },
});

/** All of them, however many: nobody agrees to what was cut off. */
function listOf(files: readonly AtRisk[], words: Words): FileOf {
  const lines = files.map(({ path, sizeBytes, why }) => `${path}\t${words.bytes(sizeBytes)}\t${words.why(why)}`);
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  return { name: `${words.label.lost}.txt`, bytes, type: 'text/plain', description: words.count(files.length) };
}

function mayHibernate(who: Who, workspace: Workspace): boolean {
  const role = roleOn(who, workspace);
  return role !== null && reaches(role, VERBS.hibernate.role);
}

function refused(name: string, cause: unknown, { say, failure }: Words): string {
  const why = isFailure(cause) ? failure(cause.code, cause.facts) : say.broken;
  return `❌ ${plain(name)}: ${plain(why)}`;
}
