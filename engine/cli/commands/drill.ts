import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';

export const drill = command({
  name: 'drill',
  takes: [WORKSPACE],
  options: {
    snapshot: text('ID', 'This snapshot; the newest good one if missing'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont drill lab', 'restored on the control host, every file compared with what its machine wrote down'],
    ['dumont drills lab', 'how the ones before went, those of each week too'],
  ],
  async run({ words: [name = ''], options: { snapshot, date, detach }, engine, screen, signal }) {
    const choice = { snapshot, date, latest: snapshot === undefined && date === undefined };
    const chosen = await chooseSnapshot(name, choice, drill, engine, signal);
    screen.note(`Trying ${snapshotWords(chosen)}.`);
    const body = { instance_id: name, snapshot_id: chosen.id };
    const ask = () => engine.post<OperationJson>('/api/v1/drills', body, signal);
    return await askAndConclude(name, 'drill', ask, { engine, screen, signal, detach });
  },
});
