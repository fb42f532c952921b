import { appendFileSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { standInForR2 } from '../standins/r2/r2.ts';
import { ROOT } from '../storage/storage-world.ts';
import { type Measured, measured } from './backup/measured.ts';
import { type OurSide, ourSide, type Tools } from './backup/sides.ts';
import { type Bench, type Table, target } from './bench.ts';
import { firstSteps, type Project, startProject } from './image/first-steps.ts';
import { ourRestic } from './living/lab.ts';
import { workspaceTree } from './tree/tree.ts';

const SIZE_BYTES = 400e6;
const TIMES = 3;
const CONNECTIONS = 32;
const LINES = [
  { name: 'no latency', latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY },
  { name: '60 ms', latencyMs: 60, bytesPerSecond: Number.POSITIVE_INFINITY },
  // Of each connection: together they are a line of 1 Gbit/s.
  { name: '1 Gbit/s', latencyMs: 0, bytesPerSecond: 125e6 / CONNECTIONS },
] as const;

/** A wake from the image, from restic as Dumont uses it, from plain restic, and `cp -a`, which no restore can beat: in turns. */
export const image: Bench = {
  async run(say, asked) {
    const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    try {
      const [root, scratch] = [join(folder, 'machine'), join(folder, 'scratch')];
      for (const one of [root, scratch]) mkdirSync(one);
      const tree = await workspaceTree(root, { sizeBytes: asked.sizeBytes ?? SIZE_BYTES, seed: 'dumont' }, say);
      const project = await startProject(root);
      await using r2 = await standInForR2();
      const tools = { restic: await ourRestic(), r2, root, scratch };
      await using ours = await ourSide(tools, 'lab');
      say('backup and image');
      const saved = await ours.backUp();
      const first = await ours.writeImage();
      const rows: Row[] = [];
      for (const line of LINES)
        for (let time = 0; time < TIMES; time++) {
          const sides = await sidesOf(ours, tools, Number.isFinite(line.bytesPerSecond), project);
          for (const [who, act] of time % 2 === 0 ? sides : sides.toReversed()) {
            Object.assign(r2.weather, line);
            const done = await act();
            Object.assign(r2.weather, LINES[0]);
            rows.push({ who, line: line.name, load: loadavg()[0]!, ...done });
            say(`${line.name}, ${who}: ${done.seconds.toFixed(1)} s`);
          }
        }
      const changed = await edit(join(root, 'workspace/project'), tree.files / 100);
      await ours.backUp();
      const second = await ours.writeImage();
      const stored = first.image.segments.reduce((sum, [, , bytes]) => sum + bytes, 0);
      return [
        restores(
          `${(tree.bytes / 1e9).toFixed(2)} GB in ${tree.files.toLocaleString('en')} files on ${kindOf(folder)}`,
          rows,
        ),
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

interface Row extends WithSteps {
  readonly who: string;
  readonly line: string;
  readonly load: number;
}

/** `stepsSeconds`: what a person does first, from the moment on which the machine is said to be usable. */
type WithSteps = Measured & { readonly stepsSeconds?: number };
type Sides = readonly (readonly [who: string, act: () => Promise<WithSteps>])[];

async function sidesOf(
  ours: OurSide,
  { restic, r2, root, scratch }: Tools,
  narrow: boolean,
  project: Project,
): Promise<Sides> {
  const { endpoint, bucket } = narrow ? r2.place() : r2.world.place();
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
  const options = ['-o', `s3.connections=${CONNECTIONS}`, '--target', to];
  const wake = async (image: boolean): Promise<WithSteps> => {
    let steps: Promise<number> | undefined;
    const done = await ours.wake(image, endpoint, (machine) => {
      steps = firstSteps(machine, project);
    });
    return { ...done, ...(steps && { stepsSeconds: await steps }) };
  };
  return [
    [IMAGE, () => wake(true)],
    ['Dumont without one', () => wake(false)],
    [RESTIC, () => alone([restic, 'restore', 'latest', ...options], access)],
    [COPY, () => alone(['cp', '-a', ...['root', 'workspace', 'data'].map((name) => join(root, name)), to])],
  ];
}

const IMAGE = 'Dumont from the image';
const RESTIC = 'restic restore, 32 connections';
const COPY = 'cp -a';

function restores(what: string, rows: readonly Row[]): Table {
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
    title: `Bringing back ${what}, the median of ${TIMES}`,
    columns: ['how', 's', 'usable s', 'first steps s', 'CPU s', 'of the storage', 'MB fetched', 'MB of memory', 'load'],
    rows: kinds.map(([how, some]) => [
      how,
      ...[
        (row: Row) => row.seconds,
        usable,
        (row: Row) => row.stepsSeconds ?? 0,
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
      ...bars(kinds.map(([how, some]) => [how, median(some, (row) => row.seconds), median(some, usable)])),
    ].join('\n'),
  };
}

const usable = (row: Row): number => row.said.get('usable') ?? row.seconds;

/** Dark up to where it can be worked on. */
function bars(kinds: readonly (readonly [how: string, seconds: number, usable: number])[]): string[] {
  const longest = Math.max(...kinds.map(([, seconds]) => seconds));
  const width = Math.max(...kinds.map(([how]) => how.length));
  return kinds.map(([how, seconds, usable]) => {
    const [whole, dark] = [seconds, usable].map((value) => Math.max(Math.round((value / longest) * BAR), 1));
    const bar = '█'.repeat(dark!) + '░'.repeat(whole! - dark!);
    return `${how.padEnd(width)}  ${bar} ${seconds.toFixed(1)} s`;
  });
}

const BAR = 50;

const kindOf = (folder: string): string => (statfsSync(folder).type === TMPFS ? 'tmpfs' : 'disk');
const TMPFS = 0x01021994;

/** One in a hundred of all files, spread over the sources. */
async function edit(folder: string, count: number): Promise<number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  const some = files.filter((_, at) => at % Math.max(Math.floor(files.length / count), 1) === 0);
  for (const name of some) appendFileSync(join(folder, name), '# edited\n');
  return some.length;
}
