import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';

export const give = command({
  name: 'give',
  takes: [WORKSPACE, { name: 'WITH', say: 'The account of the other person' }],
  options: {
    snapshot: text('ID', 'This snapshot; the newest good one if missing'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    into: text('NAME', 'How their new workspace is called; the name of yours and theirs if missing'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont give lab joao', 'he gets lab-joao, with the files of the newest snapshot and nothing older'],
    ['dumont give lab joao --snapshot 4c1f --into paper', 'of that snapshot, under that name'],
  ],
  async run({ words: [name = '', other = ''], options, engine, screen, signal }) {
    const { snapshot, date, detach, into = `${name}-${other}` } = options;
    const choice = { snapshot, date, latest: snapshot === undefined && date === undefined };
    const chosen = await chooseSnapshot(name, choice, give, engine, signal);
    await confirm(
      `This gives ${other} a copy of all files in ${snapshotWords(chosen)} of ${name}, as ${into}. It cannot be taken back.`,
      other,
      screen,
      signal,
    );
    const body = { instance_id: name, with: other, into };
    const ask = async () => {
      const operation = await engine.post<OperationJson>(`/api/v1/snapshots/${chosen.id}/share`, body, signal);
      if (!detach) screen.note(`Making ${into} for ${other} of ${snapshotWords(chosen)}.`);
      return operation;
    };
    return await askAndConclude(name, 'give', ask, { engine, screen, signal, detach });
  },
});
