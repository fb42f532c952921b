import { Failure } from '../../engine/domain/failures.ts';
import { newestGood } from '../../engine/domain/snapshot.ts';
import { command, required, text, WORKSPACE } from '../command.ts';
import { readMoment } from '../read-moment.ts';
import { askToRestore, restoreChosen } from '../restore.ts';

export const restoreDate = command({
  path: 'restore date',
  verb: 'restore',
  say: {
    en: 'Wake from the snapshot that was newest at that time',
    pt: 'Acorda a partir do snapshot mais novo naquele momento',
  },
  changes: true,
  options: {
    workspace: WORKSPACE,
    date: required(
      text(
        {
          en: 'UTC: 2026-01-15 14:30, or "3h" for three hours ago',
          pt: 'UTC: 2026-01-15 14:30, ou "3h" para três horas atrás',
        },
        { max: 40 },
      ),
    ),
  },
  async run(call) {
    const { workspace, date } = call.options;
    const at = readMoment(date, call.now, call.words);
    const found = newestGood((await call.engine.snapshots(workspace)).filter(({ createdAt }) => createdAt <= at));
    if (!found) throw new Failure('no_good_snapshot', { workspace, when: call.words.say.asOf(date) });
    return await askToRestore(call, found);
  },
  confirmed: restoreChosen,
});
