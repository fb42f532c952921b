import { command, WORKSPACE } from '../command.ts';

export const backupRekey = command({
  path: 'backup rekey',
  verb: 'rekey',
  changes: true,
  options: { workspace: WORKSPACE },
  run: async ({ options: { workspace }, engine, asked, follow }) => await follow(await engine.rekey(workspace, asked)),
});
