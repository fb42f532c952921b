import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { standInForR2 } from '../standins/r2/r2.ts';
import { objectFiles, ROOT } from '../storage/storage-world.ts';
import { type Measured, measured } from './backup/measured.ts';
import { type OurSide, ourSide, type Tools } from './backup/sides.ts';
import { type Bench, target } from './bench.ts';
import { firstSteps, type Project, startProject } from './image/first-steps.ts';
import { COPY, IMAGE, RESTIC, type Row, restores, secondsOf, TIMES, type WithSteps } from './image/restores-table.ts';
import { stages } from './image/stages.ts';
import { ourRestic } from './living/lab.ts';
import { workspaceTree } from './tree/tree.ts';

const SIZE_BYTES = 400e6;
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
    const scratch = await mkdtemp(join(asked.into ?? folder, 'dumont-back-'));
    try {
      const root = join(folder, 'machine');
      mkdirSync(root);
      const tree = await workspaceTree(root, { sizeBytes: asked.sizeBytes ?? SIZE_BYTES, seed: 'dumont' }, say);
      const project = await startProject(root);
      await using r2 = await standInForR2();
      const tools = { restic: await ourRestic(), r2, root, scratch };
      await using ours = await ourSide(tools, 'lab');
      say('backup and image');
      const saved = await ours.backUp();
      const ofRestic = await objectFiles(r2.world);
      const first = await ours.writeImage();
      const ofImage = (await objectFiles(r2.world)).filter((file) => !ofRestic.includes(file));
      const source: Record<string, readonly string[]> = { [IMAGE]: ofImage, [COPY]: [root] };
      const rows: Row[] = [];
      const lines =
        asked.latencyMs === null ? LINES : [{ ...LINES[0], name: `${asked.latencyMs} ms`, latencyMs: asked.latencyMs }];
      for (const line of lines)
        for (let time = 0; time < TIMES; time++) {
          const sides = await sidesOf(ours, tools, Number.isFinite(line.bytesPerSecond), project);
          for (const [who, act] of time % 2 === 0 ? sides : sides.toReversed()) {
            cacheOnly(asked.cold ? [] : (source[who] ?? ofRestic));
            Object.assign(r2.weather, line);
            const done = await act();
            Object.assign(r2.weather, LINES[0]);
            rows.push({ who, line: line.name, load: loadavg()[0]!, ...done });
            say(`${line.name}, ${who}: ${done.seconds.toFixed(1)} s`);
          }
        }
      say('each step alone');
      const alone = await stages(ours.imageAt, scratch, tree.bytes, secondsOf(rows, COPY, lines[0]!.name));
      const changed = await edit(join(root, 'workspace/project'), tree.files / 100);
      await ours.backUp();
      const second = await ours.writeImage();
      const stored = first.image.segments.reduce((sum, [, , bytes]) => sum + bytes, 0);
      return [
        restores(
          `${(tree.bytes / 1e9).toFixed(2)} GB in ${tree.files.toLocaleString('en')} files into ${kindOf(scratch)}, ${asked.cold ? 'cold' : 'warm'}`,
          tree.bytes,
          rows,
        ),
        alone,
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
      for (const one of [folder, scratch]) await rm(one, { recursive: true, force: true, maxRetries: 10 });
    }
  },
};

/**
 * The system has these in its cache, and nothing else where we may empty it: of a large tree, what lies in storage twice and
 * what is brought back a computer has no room for all, and each would wait for its disk after the other's turn.
 */
function cacheOnly(paths: readonly string[]): void {
  execFileSync('sync');
  if (process.getuid?.() === 0) writeFileSync('/proc/sys/vm/drop_caches', '3');
  if (paths.length > 0) execFileSync('sh', ['-c', 'find "$@" -type f -exec cat {} + > /dev/null', 'sh', ...paths]);
}

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
    let stepsSeconds = 0;
    const done = await ours.wake(image, endpoint, async (machine) => {
      stepsSeconds = await firstSteps(machine, project);
    });
    return { ...done, stepsSeconds };
  };
  return [
    [IMAGE, () => wake(true)],
    ['Dumont without one', () => wake(false)],
    [RESTIC, () => alone([restic, 'restore', 'latest', ...options], access)],
    [COPY, () => alone(['cp', '-a', ...['root', 'workspace', 'data'].map((name) => join(root, name)), to])],
  ];
}

const kindOf = (folder: string): string => (statfsSync(folder).type === TMPFS ? 'memory' : 'the disk');
const TMPFS = 0x01021994;

/** One in a hundred of all files, spread over the sources. */
async function edit(folder: string, count: number): Promise<number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  const some = files.filter((_, at) => at % Math.max(Math.floor(files.length / count), 1) === 0);
  for (const name of some) appendFileSync(join(folder, name), '# edited\n');
  return some.length;
}
