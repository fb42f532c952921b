import { command, required, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const share = command({
  path: 'share',
  verb: 'share',
  changes: true,
  options: {
    workspace: WORKSPACE,
    with: required(text({ en: 'Which account', pt: 'Qual conta' }, { suggests: 'account', max: 40 })),
    as: required(
      text(
        { en: 'What they may do', pt: 'O que pode fazer' },
        {
          choices: [
            { value: 'viewer', say: { en: 'look', pt: 'ver' } },
            { value: 'operator', say: { en: 'work with it', pt: 'trabalhar nele' } },
            { value: 'nothing', say: { en: 'nothing any more', pt: 'nada mais' } },
          ],
        },
      ),
    ),
  },
  async run({ options, engine, asked, words }) {
    const { workspace, with: account, as } = options;
    const role = as === 'viewer' || as === 'operator' ? as : null;
    await engine.share(workspace, { with: account, role }, asked);
    return { content: words.say.shared(plain(workspace), plain(account), role) };
  },
});
