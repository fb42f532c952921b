import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layHeadStart } from '../../engine/agent/head-start.ts';
import { headStartKey } from '../../engine/domain/layout.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { retention } from '../../engine/policy/retention.ts';
import * as restic from '../../engine/restic/commands.ts';
import { aSnapshot, aWorkspace } from '../contracts/store-rows.ts';
import { machineOn, REACH, type ResticMachine } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { type Bench, target } from './bench.ts';

const BACKUPS = 2_000;
const INTERVAL_MS = 10_000;
const LATENCY_MS = 60;
const RUNS = 3;
const { signal } = new AbortController();

/** A restore on a fresh machine after two thousand backups, ten seconds apart, with the control host's upkeep and without. */
export const restores: Bench = {
  async run(say) {
    await using r2 = await standInForR2();
    await using machine = await machineOn(r2.world);
    const { root, repositories, workspace } = machine;
    for (let i = 0; i < 500; i++) writeFileSync(join(root, 'work', `${i}.py`), randomBytes(20_000));
    const made: string[] = [await machine.backUp()];
    const first = await restored(machine, made[0]!, r2);
    let kept: readonly string[] = made;
    let unkept = { seconds: 0, requests: 0 };
    let told = unkept;
    while (made.length < BACKUPS) {
      writeFileSync(join(root, 'work', `${made.length % 500}.py`), randomBytes(20_000));
      made.push(await machine.backUp());
      kept = [...kept, made.at(-1)!];
      if (made.length === 400) {
        unkept = await restored(machine, made.at(-1)!, r2);
        told = await restored(machine, made.at(-1)!, r2, true);
      }
      // As every ten minutes of a workspace at work: what goes is forgotten, and taken out after a hundred.
      if (made.length % 100 === 0 && made.length >= 400) {
        const staying = fated(kept, made);
        await repositories.forget(
          workspace,
          kept.filter((id) => !staying.includes(id)),
          signal,
        );
        await repositories.compact(workspace, signal);
        kept = staying;
        say(`${made.length} backups, ${kept.length} kept`);
      }
    }
    const last = await restored(machine, made.at(-1)!, r2);
    const lastTold = await restored(machine, made.at(-1)!, r2, true);
    const row = (name: string, { seconds, requests }: Restored) => [name, seconds, requests] as const;
    return [
      {
        title: `Restore of 10 MB in 500 files on a fresh machine, ${LATENCY_MS} ms to storage, best of ${RUNS}`,
        columns: ['after', 'seconds', 'requests'],
        rows: [
          row('1 backup', first),
          row('400, never looked after', unkept),
          row('400, never looked after, with a head start', told),
          row(`${BACKUPS}, looked after`, last),
          row(`${BACKUPS}, looked after, with a head start`, lastTold),
        ],
        note: target('after 2,000 against the first', last.seconds / first.seconds, 1.5, 'times'),
      },
    ];
  },
};

interface Restored {
  readonly seconds: number;
  readonly requests: number;
}

async function restored(
  machine: ResticMachine,
  snapshot: string,
  r2: Awaited<ReturnType<typeof standInForR2>>,
  headStart = false,
): Promise<Restored> {
  const { root, repositories, workspace, storage } = machine;
  const target = join(root, 'back');
  const cache = join(root, 'fresh');
  const key = headStartKey(workspace.id);
  if (headStart) await storage.put(key, (await repositories.headStart(workspace, snapshot, signal))!, signal);
  let seconds = Number.POSITIVE_INFINITY;
  let requests = 0;
  for (let i = 0; i < RUNS; i++) {
    r2.counted();
    r2.weather.latencyMs = LATENCY_MS;
    const began = performance.now();
    if (headStart) layHeadStart(cache, Buffer.from((await storage.get(key, signal))!));
    const { code, words } = await machine.run([
      ...['--cache-dir', cache],
      ...restic.restore({ ...REACH, connections: 32, snapshot, folder: '/work', target, only: null }),
    ]);
    seconds = Math.min(seconds, (performance.now() - began) / 1_000);
    r2.weather.latencyMs = 0;
    if (code !== 0) throw new Error(words);
    const { a, b } = r2.counted();
    requests = a + b;
    for (const folder of [target, cache]) rmSync(folder, { recursive: true });
  }
  return { seconds, requests };
}

/** What the policy keeps of backups that were made ten seconds apart, up to now. */
function fated(ids: readonly string[], made: readonly string[]): readonly string[] {
  const at = (id: string): number => made.indexOf(id) * INTERVAL_MS;
  const now = made.length * INTERVAL_MS;
  const snapshots = ids.map((id) =>
    aSnapshot({ id, kind: 'automatic', sequence: at(id), createdAt: at(id), completedAt: at(id), provedAt: at(id) }),
  );
  const workspace = { ...aWorkspace(), spec: { ...aWorkspace().spec, plan: 'enterprise' as const } };
  const sight = { workspace, snapshots, machines: [], named: new Set<string>(), overLimit: false, now };
  return retention(sight, DEFAULTS).flatMap(({ snapshot, stays }) => (stays ? [snapshot.id] : []));
}
