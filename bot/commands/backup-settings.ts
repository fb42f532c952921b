import { Failure } from '../../engine/domain/failures.ts';
import { PLANS, type PlanName, RETENTION_DAYS } from '../../engine/domain/plan.ts';
import { readSpan } from '../../engine/domain/span.ts';
import type { WorkspaceSpec } from '../../engine/domain/workspace.ts';
import { below } from '../below.ts';
import { command, type Given, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

const OPTIONS = {
  workspace: WORKSPACE,
  plan: text(
    { en: 'What it is entitled to; /plans compares them', pt: 'A que tem direito; /plans compara' },
    { choices: PLANS.map((name) => ({ value: name, say: { en: name, pt: name } })) },
  ),
  every: text(
    { en: 'From one backup to the next: 30s, 5m, 1h', pt: 'De um backup ao próximo: 30s, 5m, 1h' },
    { max: 20 },
  ),
  keep: text(
    { en: 'How long its snapshots are kept', pt: 'Por quanto tempo os snapshots são guardados' },
    {
      choices: [
        ...RETENTION_DAYS.map((days) => ({ value: String(days), say: { en: `${days} days`, pt: `${days} dias` } })),
        { value: 'plan', say: { en: 'as their kind and the plan say', pt: 'como dizem o tipo e o plano' } },
      ],
    },
  ),
  include: text(
    {
      en: 'Directories to back up besides the defaults, with commas between',
      pt: 'Diretórios a mais no backup, separados por vírgula',
    },
    { max: 2_000 },
  ),
  exclude: text(
    { en: 'What not to back up, with commas between', pt: 'O que não vai no backup, separado por vírgula' },
    { max: 2_000 },
  ),
};

export const backupSettings = command({
  path: 'backup settings',
  verb: 'configure',
  say: {
    en: 'How often a workspace is backed up, what of it, and for how long',
    pt: 'Com que frequência, o que e por quanto tempo se faz backup',
  },
  changes: true,
  options: OPTIONS,
  async run({ options, engine, asked, words }) {
    const spec = changesIn(options);
    const names = Object.keys(options).filter((name) => name !== 'workspace');
    if (names.length === 0) throw new Failure('bad_request', { why: words.say.nothingToChange });
    await engine.configure(options.workspace, spec, asked);
    return { content: words.say.configured(plain(options.workspace), names) };
  },
});

/** Only what was said; the rest stays. */
function changesIn({ plan, every, keep, include, exclude }: Given<typeof OPTIONS>): Partial<WorkspaceSpec> {
  return {
    ...(plan !== undefined && { plan: plan as PlanName }),
    ...(every !== undefined && { backupEveryMs: readSpan(every) }),
    ...(keep !== undefined && { retentionDays: keep === 'plan' ? null : Number(keep) }),
    ...(include !== undefined && { include: listOf(include).map(below) }),
    ...(exclude !== undefined && { exclude: listOf(exclude) }),
  };
}

const listOf = (given: string): readonly string[] =>
  given
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
