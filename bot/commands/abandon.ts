import { command, required, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const abandon = command({
  path: 'abandon',
  verb: 'abandon',
  changes: true,
  options: {
    workspace: WORKSPACE,
    why: required(
      text(
        { en: 'Why; kept for the record beside your name', pt: 'Por quê; fica registrado ao lado do seu nome' },
        { min: 3, max: 500 },
      ),
    ),
  },
  async run({ options: { workspace }, engine, confirm, words, now }) {
    const [view] = await engine.status(workspace);
    return await confirm(
      words.confirm.abandon(plain(workspace), view?.newest ? now - view.newest.createdAt : null),
      workspace,
    );
  },
  async confirmed({ options: { workspace, why }, engine, asked, follow }) {
    return await follow(await engine.abandon(workspace, { why }, asked));
  },
});
