import { command, WORKSPACE } from '../command.ts';

export const machinePause = command({
  path: 'machine pause',
  verb: 'pause',
  changes: true,
  options: { workspace: WORKSPACE },
  run: async ({ options: { workspace }, engine, asked, follow }) => await follow(await engine.pause(workspace, asked)),
});
