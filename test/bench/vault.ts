import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { restores as isRestored, vaulted } from '../storage/vault-world.ts';
import type { Bench } from './bench.ts';

const FILES = 40;
const FILE_BYTES = 16_000_000;
const LATENCY_MS = 60;

/** How long a copy into the vault takes, and what it asks storage for: the first one, and one after a small change. */
export const vault: Bench = {
  async run(say) {
    await using w = await vaulted();
    const rows: (readonly [string, number, number, number])[] = [];
    const copy = async (what: string): Promise<void> => {
      w.r2.counted();
      w.r2.weather.latencyMs = LATENCY_MS;
      const began = performance.now();
      const { copied } = await w.copy();
      const seconds = (performance.now() - began) / 1_000;
      w.r2.weather.latencyMs = 0;
      const { a, b } = w.r2.counted();
      rows.push([what, seconds, copied, a + b]);
      say(`${what}: ${copied} objects in ${seconds.toFixed(1)} s`);
    };
    const files = Object.fromEntries(
      Array.from({ length: FILES }, (_, i) => [`${i}.bin`, randomBytes(FILE_BYTES / 2).toString('hex')]),
    );
    await w.backUp(files);
    await copy(`${(FILES * FILE_BYTES) / 1e6} MB for the first time`);
    const { id } = await w.backUp({ 'train.py': 'print(1)' });
    await copy('after one small change');
    await copy('nothing new');
    for (const key of await w.keys(w.machine.storage)) await w.machine.storage.remove(key, AbortSignal.timeout(60_000));
    const began = performance.now();
    w.r2.weather.latencyMs = LATENCY_MS;
    const { mended } = await w.copy();
    rows.push(['an emptied repository comes back', (performance.now() - began) / 1_000, mended, Number.NaN]);
    w.r2.weather.latencyMs = 0;
    await isRestored(w.machine, id);
    rmSync(join(w.machine.root, `back-${id}`), { recursive: true });
    return [
      {
        title: `Copies into the vault, ${LATENCY_MS} ms to storage; looked at, proved and compared included`,
        columns: ['what', 'seconds', 'objects', 'requests'],
        rows: rows.map((row) => row.map((cell) => (Number.isNaN(cell) ? '' : cell))),
      },
    ];
  },
};
