import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { s3Storage } from '../../engine/storage/s3.ts';
import { type R2, standInForR2 } from '../standins/r2/r2.ts';
import { ROOT } from '../storage/storage-world.ts';
import { clones } from './backup/clones.ts';
import type { Measured } from './backup/measured.ts';
import { ourSide, plainSide, type Side, type Tools } from './backup/sides.ts';
import type { Bench, Table } from './bench.ts';
import { ourRestic } from './living/lab.ts';
import { type WorkspaceTree, workspaceTree } from './tree/tree.ts';

const SIZE_BYTES = 400e6;
const LATENCIES_MS = [0, 60] as const;
const CHANGES = 5;
const SEED = 'dumont';
const { signal } = new AbortController();

/** A workspace with a model in it, kept by Dumont and by restic as anybody starts it: side by side, in turns. */
export const backup: Bench = {
  async run(say, asked) {
    const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    try {
      const root = join(folder, 'machine');
      const scratch = join(folder, 'scratch');
      for (const one of [root, scratch]) mkdirSync(one);
      const tree = await workspaceTree(root, { sizeBytes: asked.sizeBytes ?? SIZE_BYTES, seed: SEED }, say);
      await using r2 = await standInForR2();
      const tools = { restic: await ourRestic(), r2, root, scratch };
      const whole: Row[] = [];
      const changed: Row[] = [];
      for (const [turn, latencyMs] of (asked.latencyMs === null ? LATENCIES_MS : [asked.latencyMs]).entries()) {
        await using stack = new AsyncDisposableStack();
        const opening = [plainSide, ourSide].map(
          (open, at) => async () => stack.use(await open(tools, `${at}-${latencyMs}`)),
        );
        const sides: Side[] = [];
        for (const open of turn % 2 === 0 ? opening : opening.toReversed()) sides.push(await open());
        const take = async (what: string, side: Side, act: () => Promise<Measured>): Promise<Row> => {
          execFileSync('sync'); // what was written before is none of this one's work
          const busy = loadavg()[0]!;
          r2.weather.latencyMs = latencyMs;
          const done = await act();
          r2.weather.latencyMs = 0;
          say(`${latencyMs} ms: ${what}, ${side.name}: ${done.seconds.toFixed(1)} s`);
          return { what, side: side.name, latencyMs, busy, ...done };
        };
        for (const side of sides) whole.push(await take('first backup', side, side.backUp));
        for (const side of sides) whole.push(await take('restore on a fresh machine', side, side.restore));
        if (latencyMs > 0) changed.push(...(await changes(tree, tools, sides, take)));
        for (const { prefix } of sides) await forget(r2, prefix);
      }
      const runs = changed.length === 0 ? [] : [perRun(changed)];
      return [shape(tree), sideBySide(tree, whole), ...runs, await clones(tools.restic, say)];
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  },
};

interface Row extends Measured {
  readonly what: string;
  readonly side: string;
  readonly latencyMs: number;
  /** Of the computer, as it began. */
  readonly busy: number;
}

/** One file changed, in turns; then nothing. */
async function changes(
  { files }: WorkspaceTree,
  { root }: Tools,
  sides: readonly Side[],
  take: (what: string, side: Side, act: () => Promise<Measured>) => Promise<Row>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let change = 0; change < CHANGES; change++) {
    writeFileSync(join(root, 'workspace/project/train.py'), `print(${change}, ${files})\n`.repeat(500));
    for (const side of change % 2 === 0 ? sides : sides.toReversed())
      rows.push(await take('a run that finds one file changed', side, side.backUp));
  }
  for (const side of sides.filter(({ name }) => name === 'plain restic'))
    for (let time = 0; time < CHANGES; time++) rows.push(await take('a run that finds nothing', side, side.backUp));
  return rows;
}

function shape({ parts, files, folders, bytes, exponentBits }: WorkspaceTree): Table {
  return {
    title: `The workspace: ${(bytes / 1e9).toFixed(2)} GB in ${files.toLocaleString('en')} files and ${folders.toLocaleString('en')} folders`,
    columns: ['what', 'files', 'MB'],
    rows: parts.map((part) => [part.what, part.files, part.bytes / 1e6]),
    note: `exponents of the weights: ${exponentBits.toFixed(2)} bits (trained models: 2.5 to 2.8); seed "${SEED}"`,
  };
}

function sideBySide({ bytes }: WorkspaceTree, rows: readonly Row[]): Table {
  return {
    title: `Backup and restore of ${(bytes / 1e9).toFixed(2)} GB, in turns in one run; the stand-in for R2 on the same cores, its CPU apart`,
    columns: [
      'what',
      'latency ms',
      'who',
      's',
      'usable s',
      'CPU s',
      'of the storage',
      'A',
      'B',
      'MB sent',
      'MB fetched',
      'load',
    ],
    rows: rows.map(({ what, latencyMs, side, said, ...row }) => [
      ...[what, latencyMs, side, row.seconds, said.get('usable') ?? '', row.cpuSeconds, row.serverCpuSeconds],
      ...[row.requests.a, row.requests.b, row.sentBytes / 1e6, row.fetchedBytes / 1e6, row.busy],
    ]),
    note: ratios(rows),
  };
}

/** Ours against the other's. */
function ratios(rows: readonly Row[]): string {
  const pairs = Map.groupBy(rows, ({ what, latencyMs }) => `${what} at ${latencyMs} ms`);
  return [...pairs]
    .map(([what, pair]) => {
      const ours = pair.find(({ side }) => side === 'Dumont')!;
      const plain = pair.find(({ side }) => side !== 'Dumont')!;
      const of = (value: (row: Row) => number): string => (value(ours) / value(plain)).toFixed(2);
      const calls = of(({ requests: { a, b } }) => a + b);
      return `${what}, Dumont against plain: time ${of((row) => row.seconds)}, CPU ${of((row) => row.cpuSeconds)}, requests ${calls}`;
    })
    .join('\n');
}

function perRun(rows: readonly Row[]): Table {
  const kinds = Map.groupBy(rows, ({ what, side }) => `${what}, ${side}`);
  return {
    title: `Each run afterwards, 60 ms to storage, the median of ${CHANGES}`,
    columns: ['what', 's', 'CPU s', 'A', 'B', 'kB sent'],
    rows: [
      ...[...kinds].map(([what, some]) => [
        what,
        ...[
          (row: Row) => row.seconds,
          (row: Row) => row.cpuSeconds,
          (row: Row) => row.requests.a,
          (row: Row) => row.requests.b,
          (row: Row) => row.sentBytes / 1e3,
        ].map((value) => median(some.map(value))),
      ]),
    ],
    note: 'When nothing changed Dumont starts no run and asks storage for nothing: what it costs to know that, `quiet` measures.',
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function forget(r2: R2, prefix: string): Promise<void> {
  using storage = s3Storage({ ...r2.world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
  for (const { key } of await storage.list(prefix, signal)) await storage.remove(key, signal);
}
