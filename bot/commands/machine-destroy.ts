import { Failure } from '../../engine/domain/failures.ts';
import { command, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const machineDestroy = command({
  path: 'machine destroy',
  verb: 'destroy',
  changes: true,
  options: { workspace: WORKSPACE },
  async run({ options: { workspace }, engine, confirm, words }) {
    const [view] = await engine.status(workspace);
    const sight = view?.sight ?? 'asleep';
    if (sight !== 'asleep') throw new Failure('workspace_busy', { workspace, sight });
    const snapshots = await engine.snapshots(workspace);
    return await confirm(words.confirm.destroy(plain(workspace), snapshots.length), workspace);
  },
  async confirmed({ options: { workspace }, engine, asked, words }) {
    await engine.destroy(workspace, { purge: true }, asked);
    return { content: words.say.destroyed(plain(workspace)), embeds: [] };
  },
});
