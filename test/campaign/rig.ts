import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalMarketplace, localMarketplace } from '../../engine/marketplaces/local/local.ts';
import { type StartedStorage, startStorage } from '../../engine/storage/local/start-storage.ts';
import { shiftedClock } from './shift-clock.ts';
import { Violation } from './violation.ts';

/** The product, each part of it a process of its own that can be killed: an engine, an object server, rented machines. */
export interface Rig extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly endpoint: string;
  readonly restic: string;
  /** The marketplace as its owner sees it. */
  readonly market: LocalMarketplace;
  readonly engine: Part;
  readonly storage: Part;
  /** Small disks of their own, where this computer lets us make some. */
  readonly disks: Readonly<Partial<Record<'machines' | 'engine' | 'storage', Disk>>>;
  /** What the wall clock of the engine, or of the machine, is off by from now on. */
  shift(whose: 'engine' | 'machine', ms: number, root: string | null): void;
  /** What workspaces have in their environment, so that their machines' clocks can be shifted. */
  readonly environment: Readonly<Record<string, string>>;
  /** What went wrong in a process of ours that nobody had killed. */
  failed(): Violation | null;
  /** The engine's last warnings. */
  said(): readonly string[];
}

export interface Part {
  start(): Promise<void>;
  /** The end of it at once, as by kill -9. */
  kill(): Promise<void>;
  /** Stands still, and neither ends nor answers. */
  freeze(): void;
  thaw(): void;
}

export interface Disk {
  fill(): void;
  free(): void;
}

export const KEY = 'a-key-of-this-campaign';
export const BUCKET = 'lab';

export async function openRig(restic: string, seed: string): Promise<Rig> {
  await using opening = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'dumont-campaign-'));
  opening.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const [home, bucket, clocks] = ['home', 'bucket', 'clocks'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const machines = join(home, 'local', 'machines');
  const disks: Partial<Record<keyof Rig['disks'], Disk>> = {};
  for (const [name, path, mb] of [
    ['engine', home, 500],
    ['machines', machines, 900],
    ['storage', bucket, 900],
  ] as const) {
    mkdirSync(path, { recursive: true });
    const disk = mountDisk(path, mb);
    if (disk) disks[name] = disk.disk;
    if (disk) opening.defer(disk.unmount);
  }
  mkdirSync(clocks);
  const storage = storageOf(bucket);
  opening.defer(storage.end);
  await storage.part.start();
  const endpoint = storage.endpoint();
  // biome-ignore lint/style/noProcessEnv: the search path of whoever runs the campaign.
  const PATH = process.env.PATH ?? '';
  const engine = engineOf([`--import=${shiftedClock(join(clocks, 'engine'))}`], {
    PATH,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...{ DUMONT_HOME: home, DUMONT_PORT: '0', DUMONT_RESTIC: restic, DUMONT_LOCAL_SEED: seed, DUMONT_BATCH: '2' },
    ...{ DUMONT_LOCAL_SPEED: LOCAL_SPEED, DUMONT_ROUND_SECONDS: '60', DUMONT_CAP_DOLLARS: '1000' },
    ...{ DUMONT_S3_ENDPOINT: endpoint, DUMONT_S3_BUCKET: BUCKET },
    ...{ DUMONT_S3_ACCESS_KEY_ID: KEY, DUMONT_S3_SECRET_ACCESS_KEY: KEY },
  });
  const market = localMarketplace({
    folder: join(home, 'local'),
    seed,
    timeScale: Number(LOCAL_SPEED),
    searchPath: PATH,
  });
  opening.defer(async () => {
    await engine.end();
    await market.endAll();
  });
  await engine.part.start();
  const opened = opening.move();
  return {
    ...{ folder, home, endpoint, restic, market, disks },
    engine: engine.part,
    storage: storage.part,
    environment: { NODE_OPTIONS: `--import=${shiftedClock(`/${MACHINE_CLOCK}`)}` },
    shift(whose, ms, root) {
      if (whose === 'engine') writeFileSync(join(clocks, 'engine'), String(ms));
      else if (root && existsSync(root)) noteShift(join(root, MACHINE_CLOCK), ms);
    },
    failed: engine.failed,
    said: engine.said,
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}

/** A machine may end at this very moment. */
function noteShift(file: string, ms: number): void {
  try {
    writeFileSync(file, String(ms));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
}

/** Nothing in it is backed up. */
const MACHINE_CLOCK = 'tmp/clock-shift';
const LOCAL_SPEED = '60';

function engineOf(flags: readonly string[], env: Record<string, string>) {
  let child: ChildProcess | null = null;
  let failure: Violation | null = null;
  let words: readonly string[] = [];
  const part: Part = {
    async start() {
      const began = spawn(process.execPath, [...flags, ENGINE], { env, stdio: ['pipe', 'pipe', 'pipe'] });
      child = began;
      began.stdin?.on('error', () => undefined);
      createInterface({ input: began.stderr! }).on('line', (line) => {
        words = [...words.slice(-WORDS_KEPT), line];
        // A bug in one of its loops ends no process. That a full disk keeps no journal is said as loudly, and is none.
        if (line.startsWith('error: ') && !line.includes('no space left')) failure ??= new Violation('engine', line);
      });
      const ready = Promise.withResolvers<void>();
      createInterface({ input: began.stdout! }).once('line', () => ready.resolve());
      began.once('exit', (code, signal) => {
        ready.reject(new Error(words.join('\n')));
        if (child !== began) return;
        failure ??= new Violation('engine', `it ended with ${code ?? signal}: ${words.join('\n')}`);
      });
      await ready.promise;
    },
    async kill() {
      const victim = child;
      child = null;
      if (!victim) return;
      const over = new Promise((resolve) => victim.once('exit', resolve));
      victim.kill('SIGKILL');
      await over;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
  return { part, failed: () => failure, said: () => words, end: () => part.kill() };
}

const WORDS_KEPT = 30;
const ENGINE = join(import.meta.dirname, 'engine-child.ts');

function storageOf(folder: string) {
  let server: StartedStorage | null = null;
  let port = 0;
  const signal = (name: NodeJS.Signals): void => {
    if (server) process.kill(server.pid, name);
  };
  const part: Part = {
    async start() {
      server = await startStorage(
        {
          ...{ folder, port, buckets: [BUCKET], onLog: () => undefined },
          keys: [{ accessKeyId: KEY, secretAccessKey: KEY, scope: 'object-read-write' }],
        },
        AbortSignal.timeout(60_000),
      );
      ({ port } = server);
    },
    async kill() {
      signal('SIGKILL');
      await server?.ended;
      server = null;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
  return { part, endpoint: () => `http://127.0.0.1:${port}`, end: async () => await server?.[Symbol.asyncDispose]() };
}

/** In memory; null where we may not mount. */
function mountDisk(path: string, mb: number): { disk: Disk; unmount: () => void } | null {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs', path], { stdio: 'ignore' });
  if (status !== 0) return null;
  const ballast = join(path, '.ballast');
  return {
    disk: {
      fill() {
        const piece = Buffer.alloc(4_000_000);
        let text = Buffer.alloc(0);
        try {
          for (;;) {
            const { bavail, bsize } = statfsSync(path);
            if (bavail === 0) return;
            text = piece.subarray(0, Math.min(piece.length, bavail * bsize));
            writeFileSync(ballast, text, { flag: 'a' });
          }
        } catch {
          // full
        }
      },
      free: () => rmSync(ballast, { force: true }),
    },
    async unmount() {
      for (let tries = 0; tries < 20; tries++) {
        if (spawnSync('umount', [path], { stdio: 'ignore' }).status === 0) return;
        await sleep(100);
      }
    },
  };
}
