import { Failure } from '../../engine/domain/failures.ts';
import { newestGood } from '../../engine/domain/snapshot.ts';
import { command, WORKSPACE } from '../command.ts';
import { askToRestore, restoreChosen } from '../restore.ts';

export const restoreLatest = command({
  path: 'restore latest',
  verb: 'restore',
  say: { en: 'Wake from the newest good snapshot', pt: 'Acorda a partir do snapshot bom mais novo' },
  changes: true,
  options: { workspace: WORKSPACE },
  async run(call) {
    const { workspace } = call.options;
    const newest = newestGood(await call.engine.snapshots(workspace));
    if (!newest) throw new Failure('no_good_snapshot', { workspace, when: '' });
    return await askToRestore(call, newest);
  },
  confirmed: restoreChosen,
});
