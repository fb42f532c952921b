import { Failure } from '../../engine/domain/failures.ts';
import { command, WORKSPACE } from '../command.ts';

export const machineResume = command({
  path: 'machine resume',
  verb: 'resume',
  changes: true,
  options: { workspace: WORKSPACE },
  async run({ options: { workspace }, engine, asked, follow }) {
    const [view] = await engine.status(workspace);
    if (view && view.sight !== 'paused') throw new Failure('not_paused', { workspace, sight: view.sight });
    return await follow(await engine.wake(workspace, {}, asked));
  },
});
