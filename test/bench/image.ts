import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { standInForR2 } from '../standins/r2/r2.ts';
import { ROOT } from '../storage/storage-world.ts';
import { type Measured, measured } from './backup/measured.ts';
import { type OurSide, ourSide, type Tools } from './backup/sides.ts';
import { type Bench, type Table, target } from './bench.ts';
import { ourRestic } from './living/lab.ts';
import { workspaceTree } from './tree/tree.ts';

const SIZE_BYTES = 400e6;
const TIMES = 3;
const LINES = [
  { name: 'no latency', latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY },
  { name: '60 ms', latencyMs: 60, bytesPerSecond: Number.POSITIVE_INFINITY },
] as const;

/** A wake from the image, from restic as Dumont uses it, from plain restic, and `cp -a`, which no restore can beat: in turns. */
export const image: Bench = {
  async run(say, asked) {
    const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    try {
      const [root, scratch] = [join(folder, 'machine'), join(folder, 'scratch')];
      for (const one of [root, scratch]) mkdirSync(one);
      const tree = await workspaceTree(root, { sizeBytes: asked.sizeBytes ?? SIZE_BYTES, seed: 'dumont' }, say);
      await using r2 = await standInForR2();
      const tools = { restic: await ourRestic(), r2, root, scratch };
      await using ours = await ourSide(tools, 'lab');
      say('backup and image');
      const saved = await ours.backUp();
      const first = await ours.writeImage();
      const rows: Row[] = [];
      for (const line of LINES)
        for (let time = 0; time < TIMES; time++) {
          const sides = await sidesOf(ours, tools);
          for (const [who, act] of time % 2 === 0 ? sides : sides.toReversed()) {
            r2.weather.latencyMs = line.latencyMs;
            const done = await act();
            r2.weather.latencyMs = 0;
            rows.push({ who, line: line.name, load: loadavg()[0]!, ...done });
            say(`${line.name}, ${who}: ${done.seconds.toFixed(1)} s`);
          }
        }
      const changed = await edit(join(root, 'workspace/project'), tree.files / 100);
      await ours.backUp();
      const second = await ours.writeImage();
      const stored = first.image.segments.reduce((sum, [, , bytes]) => sum + bytes, 0);
      return [
        restores(tree.bytes, tree.files, rows),
        {
          title: 'Storing it',
          columns: ['what', 's', 'MB sent'],
          rows: [
            ['the first backup of restic', saved.seconds, saved.sentBytes / 1e6],
            ['its image', first.seconds, first.sentBytes / 1e6],
            [`the image after ${changed} files were edited`, second.seconds, second.sentBytes / 1e6],
          ],
          note: [
            target('stored, against restic', stored / saved.sentBytes, 0.85, 'times'),
            target(
              `sent again after an edit of ${((100 * changed) / tree.files).toFixed(1)} % of the files`,
              (100 * second.sentBytes) / first.sentBytes,
              3,
              '%',
            ),
          ].join('\n'),
        },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  },
};

interface Row extends Measured {
  readonly who: string;
  readonly line: string;
  readonly load: number;
}

type Sides = readonly (readonly [who: string, act: () => Promise<Measured>])[];

async function sidesOf(ours: OurSide, { restic, r2, root, scratch }: Tools): Promise<Sides> {
  const { endpoint, bucket } = r2.world.place();
  const to = join(scratch, 'other');
  const alone = async (argv: readonly string[], environment = {}): Promise<Measured> => {
    mkdirSync(to);
    const done = await measured(r2, { argv, environment });
    rmSync(to, { recursive: true, force: true });
    return done;
  };
  const access = {
    RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}/lab/repo`,
    RESTIC_PASSWORD: ours.password,
    RESTIC_CACHE_DIR: join(to, 'cache'),
    AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
  };
  return [
    [IMAGE, ours.restoreFromImage],
    ['Dumont without one', ours.restore],
    [RESTIC, () => alone([restic, 'restore', 'latest', '-o', 's3.connections=32', '--target', to], access)],
    [COPY, () => alone(['cp', '-a', ...['root', 'workspace', 'data'].map((name) => join(root, name)), to])],
  ];
}

const IMAGE = 'Dumont from the image';
const RESTIC = 'restic restore, 32 connections';
const COPY = 'cp -a';

function restores(bytes: number, files: number, rows: readonly Row[]): Table {
  const kinds = [...Map.groupBy(rows, ({ who, line }) => `${line}: ${who}`)];
  const median = (some: readonly Row[], value: (row: Row) => number): number =>
    some.map(value).toSorted((a, b) => a - b)[Math.floor(some.length / 2)]!;
  const seconds = (who: string, line: string): number =>
    median(
      rows.filter((row) => row.who === who && row.line === line),
      (row) => row.seconds,
    );
  const largest = Math.max(...rows.filter(({ who }) => who === IMAGE).map(({ memoryBytes }) => memoryBytes));
  return {
    title: `Bringing back ${(bytes / 1e9).toFixed(2)} GB in ${files.toLocaleString('en')} files, the median of ${TIMES}`,
    columns: ['how', 's', 'usable s', 'CPU s', 'of the storage', 'MB fetched', 'MB of memory', 'load'],
    rows: kinds.map(([how, some]) => [
      how,
      ...[
        (row: Row) => row.seconds,
        (row: Row) => row.said.get('usable') ?? row.seconds,
        (row: Row) => row.cpuSeconds,
        (row: Row) => row.serverCpuSeconds,
        (row: Row) => row.fetchedBytes / 1e6,
        (row: Row) => row.memoryBytes / 1e6,
        (row: Row) => row.load,
      ].map((value) => median(some, value)),
    ]),
    note: [
      ...LINES.flatMap(({ name }) => [
        target(`${name}: the image against restic`, seconds(IMAGE, name) / seconds(RESTIC, name), 0.45, 'times'),
        target(`${name}: the image against cp -a`, seconds(IMAGE, name) / seconds(COPY, name), 1.3, 'times'),
      ]),
      target('memory of whoever reads it', largest / 1e6, 1_000, 'MB'),
    ].join('\n'),
  };
}

/** One in a hundred of all files, spread over the sources. */
async function edit(folder: string, count: number): Promise<number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  const some = files.filter((_, at) => at % Math.max(Math.floor(files.length / count), 1) === 0);
  for (const name of some) appendFileSync(join(folder, name), '# edited\n');
  return some.length;
}
