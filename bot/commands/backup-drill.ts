import { command, SNAPSHOT, WORKSPACE } from '../command.ts';

export const backupDrill = command({
  path: 'backup drill',
  verb: 'drill',
  changes: true,
  options: { workspace: WORKSPACE, snapshot: { ...SNAPSHOT, required: false } },
  run: async ({ options: { workspace, snapshot }, engine, asked, follow }) =>
    await follow(await engine.drill(workspace, { snapshot: snapshot ?? null }, asked)),
});
