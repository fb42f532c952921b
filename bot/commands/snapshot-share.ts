import { command, required, SNAPSHOT, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const snapshotShare = command({
  path: 'snapshot share',
  verb: 'give',
  changes: true,
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
    with: required(text({ en: 'Which account', pt: 'Qual conta' }, { suggests: 'account', max: 40 })),
    into: required(text({ en: 'The name of their new workspace', pt: 'O nome do novo workspace' }, { max: 40 })),
  },
  async run({ options: { workspace, snapshot, with: to, into }, engine, confirm, words }) {
    const found = await engine.findSnapshot(workspace, snapshot);
    const question = words.confirm.give(plain(workspace), { to: plain(to), into: plain(into) }, found);
    return await confirm(question, null, { chosen: found.id });
  },
  async confirmed({ options, engine, asked, follow }) {
    const { workspace, with: to, into, chosen } = options as typeof options & { chosen?: string };
    return await follow(await engine.give(workspace, chosen ?? '', { to, into }, asked));
  },
});
