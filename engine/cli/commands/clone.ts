import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';

export const clone = command({
  name: 'clone',
  takes: [WORKSPACE, { name: 'INTO', say: 'The name of the new workspace' }],
  options: {
    snapshot: text('ID', 'Of this snapshot; the newest good one if missing'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont clone lab lab-two', 'a workspace of its own, with the files of the newest snapshot'],
    ['dumont clone lab paper --date "2024-01-15 14:30"', 'as it was then'],
  ],
  async run({ words: [name = '', into = ''], options: { snapshot, date, detach }, engine, screen, signal }) {
    const choice = { snapshot, date, latest: snapshot === undefined && date === undefined };
    const chosen = await chooseSnapshot(name, choice, clone, engine, signal);
    const body = { instance_id: name, into };
    const ask = async () => {
      const operation = await engine.post<OperationJson>(`/api/v1/snapshots/${chosen.id}/clone`, body, signal);
      if (!detach) screen.note(`Making ${into} of ${snapshotWords(chosen)}.`);
      return operation;
    };
    return await askAndConclude(name, 'clone', ask, { engine, screen, signal, detach });
  },
});
