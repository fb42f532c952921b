import { command, required, SNAPSHOT, text, WORKSPACE } from '../command.ts';

export const snapshotClone = command({
  path: 'snapshot clone',
  verb: 'clone',
  changes: true,
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
    into: required(text({ en: 'The name of the new workspace', pt: 'O nome do novo workspace' }, { max: 40 })),
  },
  run: async ({ options: { workspace, snapshot, into }, engine, asked, follow }) =>
    await follow(await engine.clone(workspace, snapshot, { into }, asked)),
});
