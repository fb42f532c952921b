import { command, required, SNAPSHOT, text, WORKSPACE } from '../command.ts';

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
  run: async ({ options: { workspace, snapshot, with: to, into }, engine, asked, follow }) =>
    await follow(await engine.give(workspace, snapshot, { to, into }, asked)),
});
