import { Failure } from '../../engine/domain/failures.ts';
import { command, flag, text } from '../command.ts';
import { plain } from '../discord/message.ts';

const UP: ReadonlySet<string> = new Set(['awake', 'usable', 'waking']);

export const hibernate = command({
  path: 'hibernate',
  verb: 'hibernate',
  changes: true,
  options: {
    workspace: text({ en: 'Which workspace', pt: 'Qual workspace' }, { suggests: 'awake', max: 40 }),
    all: flag({ en: 'Every workspace you may put to sleep', pt: 'Todos os workspaces que você pode pôr para dormir' }),
    lose: flag({
      en: 'Although some files are in no backup: they are listed, and you are asked',
      pt: 'Mesmo com arquivos fora do backup: são listados, e você confirma',
    }),
  },
  async run({ options: { workspace, all, lose }, engine, asked, follow, confirm, words, signal }) {
    if (all) {
      const names = (await engine.status(null)).filter(({ sight }) => UP.has(sight)).map((view) => view.workspace.id);
      if (names.length === 0) return { content: words.say.nothingAwake };
      return await confirm(words.confirm.hibernateAll(names.map(plain)), null, { names: JSON.stringify(names) });
    }
    if (workspace === undefined) throw new Failure('bad_request', { why: words.say.sayWhich });
    const [view] = await engine.status(workspace);
    const jobs = (view?.workspace.jobs ?? []).map(({ argv }) => plain(argv.join(' ')));
    if (lose) {
      const { files } = await engine.atRisk(workspace, signal);
      const agreed = JSON.stringify(files.map(({ path }) => path));
      if (files.length > 0) return await confirm(words.confirm.lose(plain(workspace), files), workspace, { agreed });
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
    const lines: string[] = [];
    for (const name of JSON.parse(names) as string[]) {
      const each = { ...asked, key: `${asked.key}:${name}` };
      const answer = await engine
        .hibernate(name, {}, each)
        .then(follow, (cause: Error) => ({ content: `❌ ${plain(name)}: ${plain(cause.message)}` }));
      lines.push(answer.content);
    }
    return { content: lines.join('\n') || words.say.nothingAwake, embeds: [] };
  },
});
