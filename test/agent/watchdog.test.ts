import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { placeAt } from '../../engine/agent/place.ts';
import { processes } from '../../engine/agent/process-table.ts';
import type { LastStandOrder } from '../../engine/agent/watchdog/last-stand.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { draftManifestKey, repositoryPrefix, repositoryUrl, watchdogProofKey } from '../../engine/domain/layout.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { newestGood } from '../../engine/domain/snapshot.ts';
import { WatchdogProof } from '../../engine/domain/watchdog-proof.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import { adoptProof } from '../../engine/steps/watchdog-proof.ts';
import type { Intercept } from '../../engine/storage/local/answer.ts';
import { masterKey } from '../../engine/storage/master-key.ts';
import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { aMachine, aWorkspace } from '../contracts/store-rows.ts';
import { FakeStore } from '../fakes/store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { ROOT, type StorageWorld, storageWorld } from '../storage/storage-world.ts';
import type { Sensed } from './watchdog-child.ts';

const restic = resticProgram!;
const resticTest = test.skipIf(resticProgram === null || process.platform !== 'linux');
const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'dumont-watchdog-'));
const stack = new AsyncDisposableStack();
const started = new Set<ChildProcess>();
afterAll(async () => {
  await stack.disposeAsync();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

let world: StorageWorld;
let storage: ReturnType<typeof s3Storage>;
let repositories: ReturnType<typeof resticRepositories>;
/** Objects that storage does not give and does not take. */
let refused: (key: string) => boolean;
/** What is done with a call that ends a machine, and how many came. */
let answer: (response: ServerResponse) => void;
let calls = 0;
let endUrl = '';

beforeAll(async () => {
  if (resticProgram === null) return;
  const intercept: Intercept = async ({ key }) =>
    refused(key) ? { do: 'answer', status: 403, code: 'AccessDenied' } : undefined;
  world = stack.use(await storageWorld({ intercept }));
  storage = stack.use(s3Storage({ ...world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now }));
  const key = masterKey(Buffer.alloc(32, 1));
  repositories = resticRepositories({
    restic,
    storage,
    masterKey: key,
    folder,
    connections: 4,
    now: Date.now,
    log: () => undefined,
  });
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer own-key') return void response.writeHead(403).end();
    calls += 1;
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.closeAllConnections());
  stack.defer(() => void server.close());
  endUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/end`;
});

beforeEach(() => {
  refused = () => false;
  calls = 0;
  answer = (response) => void response.end();
});

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
});

interface Machine {
  readonly root: string;
  readonly lab: Workspace;
  readonly order: LastStandOrder;
  /** Somebody's program. */
  readonly program: ChildProcess;
  proof(): Promise<WatchdogProof | null>;
  snapshots(): Promise<number>;
}

async function machine(name: string, end = true): Promise<Machine> {
  const root = join(folder, name);
  const lab = { id: name, sealedPassword: (await repositories.newPassword()).sealed } as Workspace;
  await repositories.ensure(lab, signal);
  const place = placeAt(root, join(root, 'opt/dumont'), restic, null);
  const claim = { workspace: name, epoch: 3, snapshot: null, complete: true };
  writeFileSync(join(place.home, 'claim.json'), JSON.stringify(claim));
  for (const path of ['root', 'data', 'workspace/deep']) mkdirSync(join(root, path), { recursive: true });
  for (let n = 0; n < 40; n++) writeFileSync(join(root, `workspace/deep/${n}`), `file ${n}`);
  const program = spawn('/bin/sh', ['-c', 'sleep 1000 & wait'], { stdio: 'ignore' });
  started.add(program);
  const draft = draftManifestKey(name, 'm1', 'watchdog');
  const order: LastStandOrder = {
    workspace: name,
    machine: 'm1',
    epoch: 3,
    repository: {
      url: repositoryUrl(storage.endpoint, storage.bucket, name),
      region: storage.region,
      password: await repositories.password(lab),
      credentials: await storage.issue({ prefix: repositoryPrefix(name), access: 'write', ttlMs: 600_000 }),
      connections: 4,
    },
    include: [],
    exclude: [],
    fileBytesMax: 1_000_000,
    parent: null,
    time: 1_700_000_000_000,
    orders: {
      silentMs: 30 * 60_000,
      ticket: {
        sequence: 7,
        draft: 'watchdog',
        manifestUrl: await storage.presign('PUT', draft, 600_000),
        until: Date.now() + 600_000,
      },
      end: end ? { method: 'POST', url: endUrl, headers: { authorization: 'Bearer own-key' }, body: null } : null,
      itself: null,
      proofUrl: await storage.presign('PUT', watchdogProofKey(name, 'm1'), 600_000),
    },
  };
  return {
    root,
    lab,
    order,
    program,
    async proof() {
      const bytes = await storage.get(watchdogProofKey(name, 'm1'), signal);
      return bytes && WatchdogProof.parse(JSON.parse(Buffer.from(bytes).toString()));
    },
    snapshots: async () => (await repositories.snapshots(lab, signal)).length,
  };
}

interface Watching {
  readonly child: ChildProcess;
  /** Waits for an event that has not been waited for. */
  until(event: string): Promise<Record<string, unknown>>;
  count(event: string): number;
}

function watch(on: Machine, sensed: Partial<Sensed> = {}): Watching {
  const given: Sensed = {
    root: on.root,
    restic,
    within: on.program.pid!,
    silentMs: 31 * 60_000,
    atWork: null,
    order: on.order,
    ...sensed,
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'watchdog-child.ts'), JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { POD_KEY: 'own-key', PATH: '/usr/bin:/bin' },
  });
  started.add(child);
  child.stdin.on('error', () => undefined);
  const events: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
  let at = 0;
  return {
    child,
    async until(event) {
      for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) {
        const found = events.findIndex((one, index) => index >= at && one.event === event);
        if (found === -1) continue;
        at = found + 1;
        return events[found]!;
      }
      throw new Error(`the watchdog never said ${event}, but ${JSON.stringify(events.slice(at).slice(-8))}`);
    },
    count: (event) => events.filter((one) => one.event === event).length,
  };
}

/** The letter of its sleeping child: T while it is stopped. */
function stateOf(on: Machine): string {
  return processes().find(({ parent }) => parent === on.program.pid)?.state ?? 'gone';
}

async function called(times: number): Promise<void> {
  for (const end = Date.now() + 30_000; calls < times; await sleep(20))
    if (Date.now() > end) throw new Error(`the call that ends the machine came ${calls} times, not ${times}`);
}

resticTest(
  'when all is well: everything stands still, the proof is in storage, and then it ends itself, once',
  async () => {
    const lab = await machine('well');
    const seen: unknown[] = [];
    answer = (response) => {
      void lab.proof().then((proof) => {
        seen.push({ processes: proof?.processes, state: stateOf(lab) });
        response.end();
      });
    };
    const watching = watch(lab);
    await watching.until('watchdog.ending');
    expect(seen).toEqual([{ processes: 'stand-still', state: 'T' }]);
    const proof = (await lab.proof())!;
    expect(proof).toMatchObject({
      workspace: 'well',
      machine: 'm1',
      taken: { epoch: 3, sequence: 7, draft: 'watchdog', files: 40, partial: false, atRisk: [] },
    });
    expect(proof.compared).toHaveLength(30);
    const stored = await repositories.snapshot(lab.lab, proof.taken.snapshot, signal);
    expect(stored).toMatchObject({ host: 'well', tags: ['machine=m1', 'epoch=3', 'draft=watchdog'] });
    watching.child.kill('SIGTERM'); // what is ended is told to stop
    await sleep(300);
    expect(stateOf(lab)).toBe('T');
    expect(calls).toBe(1);
  },
  60_000,
);

resticTest(
  'with a key of its own it ends the same way, after the proof',
  async () => {
    const lab = await machine('own', false);
    const call = { method: 'POST', url: endUrl, headers: { authorization: 'Bearer {key}' }, body: null } as const;
    lab.order.orders.itself = { by: 'own key', variable: 'POD_KEY', calls: [call] };
    await watch(lab).until('watchdog.ending');
    expect((await lab.proof())?.processes).toBe('stand-still');
    expect([calls, stateOf(lab)]).toEqual([1, 'T']);
  },
  60_000,
);

resticTest(
  'the engine that comes back finds all of it in storage with its own eyes, and enters it as the newest',
  async () => {
    const lab = await machine('adopted');
    await watch(lab).until('watchdog.ending');
    const store = new FakeStore();
    const claim = { machine: 'm1', epoch: 3, at: 1 };
    const workspace = await store.save('workspaces', {
      ...aWorkspace({ id: 'adopted', claim, epoch: 3, sequence: 9 }),
      sealedPassword: lab.lab.sealedPassword,
    });
    const told: string[] = [];
    const ports = {
      settings: DEFAULTS,
      clock: { now: Date.now },
      random: Math.random,
      store,
      storage,
      repositories,
      heartbeats: { latest: () => null },
      bell: { ring: () => undefined },
      log: (event: string, facts: object) => told.push(`${event} ${JSON.stringify(facts)}`),
      tell: ({ event }: Talk) => told.push(event),
    } as unknown as Ports;
    const row = aMachine({ workspace: 'adopted', epoch: 3 });
    const adopted = await adoptProof(row, workspace, ports, signal);
    expect(told).toEqual(['snapshot.proved']);
    const snapshot = { kind: 'automatic', sequence: 10, fileCount: 40, epoch: 3, machine: 'm1' };
    expect(adopted).toMatchObject({ all: true, snapshot });
    expect(newestGood(await store.list('snapshots'))?.id).toBe((await lab.proof())?.taken.snapshot);
    expect(await adoptProof(row, workspace, ports, signal), 'looked at again, it is the same').toEqual(adopted);
  },
  60_000,
);

resticTest(
  'it does nothing as long as somebody is at work, or the engine was silent only for a while',
  async () => {
    const lab = await machine('busy');
    const busy = watch(lab, { atWork: 'the GPU is 80% busy' });
    expect(await busy.until('watchdog.stays')).toMatchObject({ why: 'the GPU is 80% busy' });
    const short = watch(lab, { silentMs: 29 * 60_000 });
    for (const watching of [busy, short]) {
      for (let n = 0; n < 5; n++) await watching.until('looked');
      expect(watching.count('watchdog.began')).toBe(0);
    }
    expect(busy.count('watchdog.stays')).toBe(1);
    expect([await lab.proof(), await lab.snapshots(), calls]).toEqual([null, 0, 0]);
  },
  60_000,
);

resticTest(
  'files that no backup has hold it: no end, and everything goes on',
  async () => {
    const lab = await machine('at-risk');
    writeFileSync(join(lab.root, 'workspace/huge'), '');
    truncateSync(join(lab.root, 'workspace/huge'), 2_000_000);
    const watching = watch(lab);
    expect(await watching.until('watchdog.failed')).toMatchObject({ why: expect.stringContaining('workspace/huge') });
    expect(stateOf(lab)).toBe('S');
    await watching.until('watchdog.failed');
    expect([await lab.proof(), await lab.snapshots(), calls]).toEqual([null, 0, 0]);
  },
  60_000,
);

resticTest(
  'without storage there is no proof and no end, and everything goes on; it is tried again',
  async () => {
    const lab = await machine('down');
    refused = () => true;
    const watching = watch(lab);
    await watching.until('watchdog.failed');
    expect(stateOf(lab)).toBe('S');
    refused = (key) => key === watchdogProofKey('down', 'm1');
    await watching.until('watchdog.failed');
    expect(await watching.until('watchdog.failed')).toMatchObject({ why: expect.stringContaining('the proof') });
    expect(stateOf(lab)).toBe('S');
    expect(calls).toBe(0);
    refused = () => false;
    await watching.until('watchdog.ending');
    expect(calls).toBe(1);
  },
  60_000,
);

resticTest(
  'a storage that gives back other bytes is no proof',
  async () => {
    const lab = await machine('rot');
    const rotten = join(folder, 'rotten-restic');
    writeFileSync(rotten, `#!/bin/sh\ncase "$1" in dump) echo other; exit 0;; esac\nexec ${restic} "$@"\n`, {
      mode: 0o755,
    });
    const watching = watch(lab, { restic: rotten });
    expect(await watching.until('watchdog.failed')).toMatchObject({
      why: expect.stringMatching(/not proved: workspace\/deep\/\d+ in storage is not/),
    });
    expect(stateOf(lab)).toBe('S');
    expect([await lab.proof(), calls]).toEqual([null, 0]);
  },
  60_000,
);

resticTest(
  'an end that is refused is no end: the proof is taken back and everything goes on',
  async () => {
    const lab = await machine('refused');
    answer = (response) => void response.writeHead(500).end();
    const watching = watch(lab);
    expect(await watching.until('watchdog.failed')).toMatchObject({ why: expect.stringContaining('HTTP 500') });
    await watching.until('looked');
    expect(stateOf(lab)).toBe('S');
    expect((await lab.proof())?.processes).toBe('go-on');
    answer = (response) => void response.end();
    await watching.until('watchdog.ending');
    expect((await lab.proof())?.processes).toBe('stand-still');
    expect(await lab.snapshots(), 'nothing moved, so it is not saved again').toBe(1);
  },
  60_000,
);

resticTest(
  'an engine that answers in between ends it all: everything goes on, and the proof is taken back',
  async () => {
    const lab = await machine('answered');
    answer = () => undefined; // it hangs
    const watching = watch(lab);
    await called(1);
    expect(stateOf(lab)).toBe('T');
    watching.child.stdin!.write('engine spoke\n');
    await watching.until('heard');
    expect(stateOf(lab)).toBe('S');
    expect((await lab.proof())?.processes).toBe('go-on');
    for (let n = 0; n < 3; n++) await watching.until('looked');
    expect(calls).toBe(1);
  },
  60_000,
);

resticTest(
  'killed between proof and end, it lets everything go on, and later ends without a second save',
  async () => {
    const lab = await machine('killed');
    answer = () => undefined;
    const first = watch(lab);
    await called(1);
    first.child.kill('SIGKILL');
    for (const end = Date.now() + 5_000; stateOf(lab) === 'T' && Date.now() < end; ) await sleep(20);
    expect(stateOf(lab)).toBe('S');
    answer = (response) => void response.end();
    const second = watch(lab);
    await second.until('watchdog.ending');
    expect(calls).toBe(2);
    expect(await lab.snapshots()).toBe(1);
  },
  60_000,
);

resticTest(
  'killed between proof and end, it saves again when something moved since',
  async () => {
    const lab = await machine('moved');
    answer = () => undefined;
    const first = watch(lab);
    await called(1);
    const before = (await lab.proof())!.taken.snapshot;
    first.child.kill('SIGKILL');
    writeFileSync(join(lab.root, 'workspace/deep/7'), 'other');
    answer = (response) => void response.end();
    await watch(lab).until('watchdog.ending');
    const proof = (await lab.proof())!;
    expect(proof.taken.snapshot).not.toBe(before);
    expect(await lab.snapshots()).toBe(2);
    const digests = await repositories.digests(lab.lab, proof.taken.snapshot, ['workspace/deep/7'], signal);
    expect(proof.compared).toContainEqual({ path: 'workspace/deep/7', sha256: digests.get('workspace/deep/7') });
  },
  60_000,
);

resticTest(
  'a machine that cannot end itself saves, says so, and goes on',
  async () => {
    const lab = await machine('stays', false);
    // Changed elsewhere after it was last looked for, a moment ago.
    const home = join(lab.root, 'opt/dumont');
    writeFileSync(join(home, 'began.json'), '0');
    writeFileSync(join(home, 'cache/elsewhere.json'), JSON.stringify({ at: Date.now(), paths: [] }));
    mkdirSync(join(lab.root, 'etc'));
    writeFileSync(join(lab.root, 'etc/mine'), 'mine');
    const watching = watch(lab);
    expect(await watching.until('saved')).toMatchObject({ taken: { epoch: 3, files: 41 } });
    expect(stateOf(lab)).toBe('S');
    expect((await lab.proof())?.processes).toBe('go-on');
    await watching.until('saved');
    expect(await lab.snapshots(), 'nothing moved, so it is not saved again').toBe(1);
    expect(calls).toBe(0);
  },
  60_000,
);
