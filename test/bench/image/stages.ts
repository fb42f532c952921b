import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ImageAt } from '../../../engine/agent/image/objects.ts';
import type { Table } from '../bench.ts';
import type { SpendJob, Spent } from './spend.ts';

const STEPS = {
  fetch: 'fetching it over HTTP',
  decrypt: 'opening it (AES-256-GCM)',
  decode: 'decoding it (zstd, planes)',
  write: 'writing the bytes',
  metadata: 'making folders and files: name, mode, time',
  list: 'reading the list of files',
  compare: 'comparing it: hashes of files, checks of segments',
} as const;

/** Where the processor's time goes when an image is read: each step alone, in one thread, with nothing beside it. */
export async function stages(image: ImageAt, scratch: string, bytes: number, copySeconds: number): Promise<Table> {
  const folder = join(scratch, 'stages');
  mkdirSync(folder);
  const workerData: SpendJob = { ...image, folder };
  const [spent] = (await once(new Worker(new URL('spend.ts', import.meta.url), { workerData }), 'message')) as [Spent];
  rmSync(folder, { recursive: true, force: true });
  const { decrypt = 0, decode = 0, write = 0, metadata = 0, compare = 0 } = spent;
  const floor = decrypt + decode + write + metadata + compare;
  const cores = availableParallelism();
  return {
    title: 'Where the processor’s time goes, each step alone in one thread',
    columns: ['step', 'CPU s', 's per GB'],
    rows: Object.entries(STEPS).map(([step, what]) => [what, spent[step] ?? 0, ((spent[step] ?? 0) * 1e9) / bytes]),
    note: [
      `opening, decoding, comparing and writing cannot be left out: ${floor.toFixed(1)} s, on ${cores} cores ${(floor / cores).toFixed(1)} s,`,
      `${(floor / cores / copySeconds).toFixed(1)} times cp -a, before anything is fetched, listed or placed`,
    ].join('\n'),
  };
}
