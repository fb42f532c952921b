import { command, SNAPSHOT, WORKSPACE } from '../command.ts';
import { askToRestore, restoreChosen } from '../restore.ts';

export const restoreSnapshot = command({
  path: 'restore snapshot',
  verb: 'restore',
  changes: true,
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
  },
  async run(call) {
    const { workspace, snapshot } = call.options;
    const found = await call.engine.findSnapshot(workspace, snapshot);
    return await askToRestore(call, found);
  },
  confirmed: restoreChosen,
});
