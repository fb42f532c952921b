import { Failure } from '../../engine/domain/failures.ts';
import { readSpan } from '../../engine/domain/span.ts';
import type { WorkspaceSpec } from '../../engine/domain/workspace.ts';
import { command, flag, type Given, number, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';
import { NEED, needOf } from '../need.ts';

const OPTIONS = {
  workspace: WORKSPACE,
  ...NEED,
  image: text({ en: 'The container image it runs on', pt: 'A imagem de container em que roda' }, { max: 500 }),
  disk: number({ en: 'The size of its disk in GB', pt: 'O tamanho do disco em GB' }, { min: 1, max: 100_000 }),
  idle_after: text(
    {
      en: 'Asleep after so long without a sign of life: 3m, 1h',
      pt: 'Dorme depois de tanto tempo sem sinal de vida: 3m, 1h',
    },
    { max: 20 },
  ),
  sleeps: flag({ en: 'False: it never falls asleep by itself', pt: 'Falso: nunca dorme sozinho' }),
  after_wake: text(
    { en: 'A line for bash, run once after each wake', pt: 'Uma linha para o bash, executada após cada despertar' },
    { max: 2_000, secret: true },
  ),
};

export const configure = command({
  path: 'configure',
  verb: 'configure',
  changes: true,
  options: OPTIONS,
  async run({ options, engine, asked, words }) {
    const [view] = await engine.status(options.workspace);
    const spec = changesIn(options, view?.workspace.spec);
    const names = Object.keys(options).filter((name) => name !== 'workspace');
    if (Object.keys(spec).length === 0) throw new Failure('bad_request', { why: words.say.nothingToChange });
    await engine.configure(options.workspace, spec, asked);
    return { content: words.say.configured(plain(options.workspace), names.map(plain)) };
  },
});

/** Only what was said; the rest stays. */
function changesIn(options: Given<typeof OPTIONS>, before: WorkspaceSpec | undefined): Partial<WorkspaceSpec> {
  const need = needOf(options);
  const { image, disk, idle_after: idle, sleeps, after_wake: after } = options;
  const rules = {
    ...(idle !== undefined && { idleMs: readSpan(idle) }),
    ...(sleeps !== undefined && { hibernate: sleeps }),
  };
  return {
    ...(Object.keys(need).length > 0 && { need: { ...before?.need, ...need } }),
    ...(image !== undefined && { image }),
    ...(disk !== undefined && { diskGb: disk }),
    ...(Object.keys(rules).length > 0 && { idle: { ...before?.idle, ...rules } }),
    ...(after !== undefined && { afterWake: after.trim() === '' ? null : after }),
  };
}
