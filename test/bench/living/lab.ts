import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../../../engine/domain/heartbeat.ts';
import type { Snapshot } from '../../../engine/domain/snapshot.ts';
import { type Dumont, openDumont } from '../../../engine/main.ts';
import { readConfig } from '../../../engine/process/config.ts';
import { type LocalStorage, serveStorage } from '../../../engine/storage/local/serve-storage.ts';
import { resolveRestic } from '../../../engine/tools/resolve-restic.ts';

/** An engine, a marketplace, an object server that is watched, and one workspace that is awake: all of it real. */
export interface Lab extends AsyncDisposable {
  readonly dumont: Dumont;
  readonly restic: string;
  /** The machine's root, as a folder of this computer. */
  root(): Promise<string>;
  /** What storage was asked, in its order. */
  readonly asked: readonly Asked[];
  /** What the engine asked of repositories, and how long that took. */
  readonly calls: readonly Call[];
  /** When each snapshot was entered into the catalogue. */
  readonly entered: ReadonlyMap<string, { readonly at: number; readonly row: Snapshot }>;
  /** What the agent said last. */
  status(): Promise<AgentStatus | null>;
  /** Until the agent says that all there is is in storage, also what was written right before this was called. */
  settled(): Promise<void>;
  /** Runs a line of bash on the machine. */
  bash(line: string): Promise<string>;
  /** Asks for something and waits until it is done. */
  done(asked: Promise<{ readonly id: string }>): Promise<void>;
}

export interface Asked {
  readonly at: number;
  readonly action: string;
  readonly key: string;
}

export interface Call {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export const ANA = { by: 'ana', key: null };

interface LabOptions {
  readonly backupEveryMs: number;
  readonly heartbeatMs: number;
}

export async function openLab(say: (line: string) => void, options: LabOptions): Promise<Lab> {
  await using opening = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
  opening.defer(async () => await rm(home, { recursive: true, force: true, maxRetries: 10 }));
  const asked: Asked[] = [];
  const storage = opening.use(await watchedStorage(join(home, 'bucket'), asked));
  const restic = await ourRestic();
  const entered = new Map<string, { at: number; row: Snapshot }>();
  const calls: Call[] = [];
  const timed =
    <A extends unknown[], R>(name: string, act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const from = Date.now();
      try {
        return await act(...args);
      } finally {
        calls.push({ name, from, to: Date.now() });
      }
    };
  const config = readConfig({
    ...SETTINGS,
    ...{ DUMONT_HOME: home, DUMONT_RESTIC: restic, DUMONT_S3_ENDPOINT: storage.endpoint },
    // biome-ignore lint/style/noProcessEnv: the search path of whoever measures.
    PATH: process.env.PATH,
  });
  const { agent, idle } = config.settings;
  const settings = { ...config.settings, agent: { ...agent, ...options }, idle: { ...idle, hibernate: false } };
  const dumont = await openDumont({ ...config, settings }, say, (ports) => ({
    ...ports,
    repositories: {
      ...ports.repositories,
      snapshot: timed('snapshot', ports.repositories.snapshot),
      files: timed('files', ports.repositories.files),
      digests: timed('digests', ports.repositories.digests),
    },
    store: {
      ...ports.store,
      async save(table, row) {
        const saved = await ports.store.save(table, row);
        if (table === 'snapshots') entered.set(saved.id, { at: Date.now(), row: saved as unknown as Snapshot });
        return saved;
      },
    },
  }));
  opening.defer(async () => {
    await dumont.local.endAll();
    await dumont[Symbol.asyncDispose]();
  });
  await dumont.ports.kit();
  const holder = async () => (await dumont.engine.ssh('lab')).machine;
  const lab: Omit<Lab, typeof Symbol.asyncDispose> = {
    dumont,
    restic,
    asked,
    calls,
    entered,
    async root() {
      const machine = await dumont.ports.store.read('machines', await holder());
      return dumont.local.rootOf(machine?.instance ?? '');
    },
    status: async () => dumont.ports.heartbeats.latest(await holder())?.status ?? null,
    async settled() {
      const since = Date.now();
      for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += LOOK_MS) {
        const said = await lab.status();
        const { durableAt = null, changedAt = null, state = 'off' } = said?.backup ?? {};
        const quiet = changedAt === null && state === 'waiting';
        if (said && said.at > since + NOTICE_MS && durableAt !== null && quiet) return;
        await sleep(LOOK_MS);
      }
      throw new Error(`the agent does not come to rest: ${JSON.stringify((await lab.status())?.backup)}`);
    },
    async bash(line) {
      const { address, hostKey } = await dumont.engine.ssh('lab');
      await using shell = await dumont.ports.connect(address, hostKey, AbortSignal.timeout(BASH_MS));
      const command = { argv: ['bash', '-c', line], timeoutMs: BASH_MS };
      const output = await shell.run(command, AbortSignal.timeout(BASH_MS));
      if (output.code !== 0) throw new Error(`${line}: ${output.stderr}`);
      return output.stdout;
    },
    async done(asking) {
      const { id } = await asking;
      for (;;) {
        const { endedAt, outcome } = await dumont.engine.operation(id);
        if (endedAt === null) await sleep(20);
        else if (outcome?.ok) return;
        else throw new Error(`${id}: ${outcome?.say}`);
      }
    },
  };
  await dumont.engine.create('lab', {}, ANA);
  await lab.done(dumont.engine.wake('lab', {}, ANA));
  const opened = opening.move();
  return { ...lab, [Symbol.asyncDispose]: async () => await opened.disposeAsync() };
}

/** The object server of the product, in this process, where each request can be seen. */
async function watchedStorage(folder: string, asked: Asked[]): Promise<LocalStorage> {
  return await serveStorage({
    folder,
    port: 0,
    keys: [{ accessKeyId: KEY, secretAccessKey: KEY, scope: 'object-read-write' }],
    buckets: ['lab'],
    log: () => undefined,
    intercept: async ({ action, key }) => {
      asked.push({ at: Date.now(), action, key });
      return undefined;
    },
  });
}

export async function ourRestic(): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: which restic, as whoever measures has it.
  const { DUMONT_RESTIC, PATH = '' } = process.env;
  const folder = join(import.meta.dirname, '..', '..', '..', '.dumont', 'tools');
  const wanted = { setting: DUMONT_RESTIC ?? null, folder, searchPath: PATH };
  return (await resolveRestic(wanted, AbortSignal.timeout(10 * 60_000))).path;
}

const KEY = 'a-key-of-this-measurement';
const SETTINGS = {
  DUMONT_PORT: '0',
  DUMONT_BATCH: '1',
  DUMONT_LOCAL_SPEED: '60',
  DUMONT_ROUND_SECONDS: '60',
  DUMONT_S3_BUCKET: 'lab',
  DUMONT_S3_ACCESS_KEY_ID: KEY,
  DUMONT_S3_SECRET_ACCESS_KEY: KEY,
};
const LOOK_MS = 100;
/** What was written last is surely noticed by then. */
const NOTICE_MS = 1_000;
/** The first backup of a large tree on a slow computer. */
const SETTLE_MS = 10 * 60_000;
const BASH_MS = 60_000;
