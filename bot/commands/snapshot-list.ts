import { newestGood } from '../../engine/domain/snapshot.ts';
import { command, integer, WORKSPACE } from '../command.ts';

export const snapshotList = command({
  path: 'snapshot list',
  verb: 'snapshots',
  options: {
    workspace: WORKSPACE,
    page: integer(
      { en: 'Which page; the first has the newest', pt: 'Qual página; a primeira tem os mais novos' },
      { min: 1, max: 1000 },
    ),
  },
  async run({ options: { workspace, page = 1 }, engine, words }) {
    const newest = newestGood(await engine.snapshots(workspace))?.id ?? null;
    const fates = await engine.retention(workspace);
    return words.answer.snapshots(workspace, await engine.backups(workspace), { newest, fates }, page);
  },
});
