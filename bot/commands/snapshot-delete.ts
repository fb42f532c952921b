import { newestGood } from '../../engine/domain/snapshot.ts';
import { command, SNAPSHOT, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const snapshotDelete = command({
  path: 'snapshot delete',
  verb: 'forget',
  changes: true,
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
    why: text({ en: 'Why; kept for the record', pt: 'Por quê; fica registrado' }, { max: 200 }),
  },
  async run({ options: { workspace, snapshot }, engine, confirm, words }) {
    const chosen = await engine.findSnapshot(workspace, snapshot);
    const newest = newestGood(await engine.snapshots(workspace))?.id === chosen.id;
    const question = words.confirm.forget(plain(workspace), chosen, newest);
    return await confirm(question, workspace, { chosen: chosen.id, newest });
  },
  async confirmed({ options, engine, asked, words }) {
    const { workspace, chosen, newest, why } = options as {
      workspace: string;
      chosen?: string;
      newest?: boolean;
      why?: string;
    };
    const gone = await engine.forget(workspace, chosen ?? '', { newest: newest ?? false, why: why ?? '' }, asked);
    return { content: words.say.forgotten(gone.id.slice(0, 8), plain(workspace)), embeds: [] };
  },
});
