import type { OperationJson } from '../../http/json/operation.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, number, text, WORKSPACE } from '../command.ts';
import { NEED, needOf } from '../need-options.ts';
import { wakeAndFollow } from '../wake-and-follow.ts';

export const restore = command({
  name: 'restore',
  takes: [WORKSPACE],
  options: {
    snapshot: text('ID', 'This one, by its id or the beginning of it'),
    latest: flag('The newest good one'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    ...NEED,
    cap: number('DOLLARS', 'Stop renting when this wake alone would cost more'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont restore lab --latest', 'the same as waking it'],
    ['dumont restore lab --date "2024-01-15 14:30"', 'the newest snapshot that existed then'],
    ['dumont restore lab --snapshot a1b2c3d4', 'one from "dumont snapshots lab"'],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const chosen = await chooseSnapshot(name, options, restore, engine, signal);
    screen.note(`Restoring ${name} to ${snapshotWords(chosen)}.`);
    const body = { instance_id: name, need: needOf(options), cap_dollars: options.cap };
    const path = `/api/v1/snapshots/${chosen.id}/restore`;
    const ask = () => engine.post<OperationJson>(path, body, signal);
    return await wakeAndFollow(name, ask, { engine, screen, signal, detach: options.detach });
  },
});
