import type { SnapshotJson } from '../../http/json/snapshot.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';
import { short } from '../words.ts';

const SNAPSHOT = { name: 'ID', say: 'The snapshot, or the beginning of its id' };

export const pin = command({
  name: 'pin',
  takes: [WORKSPACE, SNAPSHOT],
  options: { why: text('TEXT', 'Why, for whoever finds it in a year'), end: flag('It is no longer pinned') },
  examples: [
    ['dumont pin lab a1b2c3d4 --why "what the paper was made with"', 'it never goes by itself'],
    ['dumont pin lab a1b2c3d4 --end', ''],
  ],
  async run({ words: [name = '', id = ''], options: { why, end }, engine, screen, signal }) {
    const path = `/api/v1/snapshots/${encodeURIComponent(id)}/pin`;
    if (end) await engine.remove(path, { instance_id: name }, signal);
    else await engine.put<SnapshotJson>(path, { instance_id: name, why: why ?? '' }, signal);
    if (screen.json) screen.printJson({ instance_id: name, snapshot: id, pinned: !end });
    else screen.print(end ? `${short(id)} is no longer pinned.` : `${short(id)} is pinned.`);
    return 0;
  },
});

export const forget = command({
  name: 'forget',
  takes: [WORKSPACE, SNAPSHOT],
  options: {
    why: text('TEXT', 'Why, for the audit'),
    newest: flag('Also when the next wake would start from it'),
  },
  examples: [['dumont forget lab a1b2c3d4', 'for ever; data that no other snapshot needs goes with the next upkeep']],
  async run({ words: [name = '', id = ''], options: { why, newest }, engine, screen, signal }) {
    const chosen = await chooseSnapshot(name, { snapshot: id, latest: false, date: undefined }, forget, engine, signal);
    await confirm(`${name} loses ${snapshotWords(chosen)} for ever.`, id, screen, signal);
    const query = { instance_id: name, newest, ...(why !== undefined && { why }) };
    await engine.remove(`/api/v1/snapshots/${chosen.id}`, query, signal);
    if (screen.json) screen.printJson({ instance_id: name, snapshot: id, removed: true });
    else screen.print(`${short(id)} of ${name} is removed.`);
    return 0;
  },
});
