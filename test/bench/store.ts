import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSONFilePreset } from 'lowdb/node';
import { intend, type Machine } from '../../engine/domain/lifecycle.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { standardOffers } from '../fakes/marketplace.ts';
import type { Bench, Table } from './bench.ts';

const SECONDS = 2;
const OFFER = standardOffers(1)[0]!;

/** Saves a second that are on disk when they return, beside lowdb as it comes, which rewrites its file and does not sync it. */
export const store: Bench = {
  async run(say) {
    const rows: Table['rows'][number][] = [];
    for (const count of [10, 10_000]) {
      say(`${count} rows`);
      const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
      try {
        const lanes = Math.min(50, count);
        const alone = await durable(join(folder, 'a'), count, 1);
        rows.push([`${count} rows, one after the other`, ...alone, await plain(join(folder, 'a.json'), count)]);
        rows.push([`${count} rows, ${lanes} at a time`, ...(await durable(join(folder, 'b'), count, lanes)), '']);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
    return [
      {
        title: 'Saves of a row a second',
        columns: ['store', 'saves/s, fsync', 'open ms', 'plain lowdb, no fsync'],
        rows,
        note: 'every save is in the file and synced before it returns; concurrent ones share a sync',
      },
    ];
  },
};

async function durable(folder: string, count: number, lanes: number): Promise<[number, number]> {
  await using filled = await openStore(folder);
  const machines = await Promise.all(
    Array.from({ length: count }, (_, i) => filled.save('machines', machineNamed(`m${i}`))),
  );
  const saves = await perSecond(lanes, async (lane) => {
    const i = lane % machines.length;
    machines[i] = await filled.save('machines', { ...(machines[i] as Machine), why: `save ${Math.random()}` });
  });
  await filled[Symbol.asyncDispose]();
  const began = performance.now();
  await using reopened = await openStore(folder);
  const openMs = performance.now() - began;
  if ((await reopened.list('machines')).length !== count) throw new Error('rows were lost');
  return [saves, openMs];
}

async function plain(file: string, count: number): Promise<number> {
  const db = await JSONFilePreset<Record<string, Machine>>(file, {});
  for (let i = 0; i < count; i += 1) db.data[`m${i}`] = machineNamed(`m${i}`);
  return await perSecond(1, async () => {
    db.data.m0 = { ...(db.data.m0 as Machine), why: `save ${Math.random()}` };
    await db.write();
  });
}

async function perSecond(lanes: number, save: (lane: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  const end = began + SECONDS * 1_000;
  let saves = 0;
  const lane = async (_: unknown, i: number): Promise<void> => {
    while (performance.now() < end) {
      await save(i);
      saves += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return saves / ((performance.now() - began) / 1_000);
}

function machineNamed(id: string): Machine {
  const origin = {
    id,
    workspace: 'lab',
    race: 'r1',
    label: `dumont-bench-${id}-lab`,
    marketplace: 'fake',
    offer: OFFER,
  };
  return intend(origin, 'measured', Date.now());
}
