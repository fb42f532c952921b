import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccounts } from '../../engine/accounts/accounts.ts';
import { intend, type Machine } from '../../engine/domain/lifecycle.ts';
import type { Clock, Ports } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { createEngine } from '../../engine/engine.ts';
import { engineFor } from '../../engine/guard.ts';
import { createHeartbeats } from '../../engine/heartbeats.ts';
import { serveAgentRoute } from '../../engine/http/agent-route.ts';
import { serveHttp } from '../../engine/http/serve.ts';
import { createAudit } from '../../engine/process/audit.ts';
import { createBell } from '../../engine/process/bell.ts';
import { createMetrics } from '../../engine/process/metrics.ts';
import { keepHeapSmall } from '../../engine/process/small-heap.ts';
import { createTelling } from '../../engine/process/telling.ts';
import { masterKey } from '../../engine/storage/master-key.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { openJournals } from '../../engine/store/open-journals.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { anOffer, aWorkspace } from '../contracts/store-rows.ts';
import { NO_LOGS } from '../fakes/logs.ts';

/**
 * The control host's side of heartbeats and of its API, with its real parts: store, keys, presigned addresses, guard, HTTP.
 * What is left out are the drivers, which would connect by SSH to machines that do not exist. A process of its own, so that
 * whoever asks is not in the figures; it ends with its input.
 */
const COUNT = Number(process.argv[2]);
const home = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
await using closing = new AsyncDisposableStack();
closing.defer(() => rm(home, { recursive: true, force: true }));

const clock: Clock = { now: Date.now, sleep: async () => undefined };
const log = (): void => undefined;
const bell = createBell(clock);
const key = masterKey(Buffer.alloc(32, 7));
const store = closing.use(await openStore(join(home, 'state')));
const journals = closing.use(await openJournals(join(home, 'journals')));
const metrics = createMetrics(clock);
const telling = await createTelling(journals, clock, bell, log);
const storage = closing.use(
  s3Storage({
    endpoint: 'http://127.0.0.1:9',
    bucket: 'dumont',
    region: 'auto',
    parent: { account: 'local', accessKeyId: 'bench', secretAccessKey: 'bench-bench-bench' },
    now: clock.now,
  }),
);
const nothing = (): never => {
  throw new Error('nothing of this is asked for here');
};
const alone: Omit<Ports, 'heartbeats'> = {
  settings: { ...DEFAULTS, installation: 'bench' },
  clock,
  random: Math.random,
  newId: (prefix) => `${prefix}${crypto.randomUUID().slice(0, 12)}`,
  store: metrics.store(store),
  journals,
  marketplaces: new Map(),
  connect: nothing,
  storage,
  repositories: {
    ensure: nothing,
    password: async () => 'x',
    newPassword: nothing,
    addPassword: nothing,
    formerKeys: nothing,
    snapshot: nothing,
    snapshots: nothing,
    files: nothing,
    read: nothing,
    rehost: nothing,
    dropUnused: nothing,
    copyIn: nothing,
    digests: nothing,
    forget: nothing,
    compact: nothing,
    check: nothing,
    restoreHere: nothing,
    headStart: nothing,
  },
  vaults: [],
  seal: nothing,
  unseal: nothing,
  kit: async () => ({ tools: [] }),
  publicKey: '',
  bell,
  underway: new Map(),
  fence: { check: async () => undefined },
  log,
  logs: NO_LOGS,
  tell: telling.tell,
};
const heartbeats = createHeartbeats(alone, {
  url: 'http://127.0.0.1/api/v1/agent/status',
  sign: key.sign,
  serving: (ear) => serveAgentRoute(ear, log),
  heard: metrics.heard,
});
const ports: Ports = { ...alone, heartbeats };
const engine = createEngine(ports, telling, null);

keepHeapSmall();
const before = process.memoryUsage().rss;
for (let from = 0; from < COUNT; from += 500) {
  await Promise.all(
    Array.from({ length: Math.min(500, COUNT - from) }, async (_, i) => {
      const id = from + i;
      const claim = { machine: `m${id}`, epoch: 1, at: Date.now() };
      await store.save(
        'workspaces',
        aWorkspace({ id: `w${id}`, claim, epoch: 1, wish: { ...aWorkspace().wish, want: 'awake' } }),
      );
      await store.save('machines', running(id));
    }),
  );
}
const rows = process.memoryUsage().rss - before;
const server = closing.use(
  await serveHttp((who) => engineFor(who, engine, store), {
    port: 0,
    tokenFile: join(home, 'token'),
    log,
    accounts: openAccounts({ store, clock, newId: ports.newId, derive: key.derive }),
    audit: createAudit(journals, clock),
    meter: metrics,
    ear: heartbeats,
  }),
);
const { readFile } = await import('node:fs/promises');
const token = (await readFile(join(home, 'token'), 'utf8')).trim();
say({
  url: server.url,
  token,
  words: Array.from({ length: COUNT }, (_, id) => heartbeats.tokenFor(`m${id}`, 1)),
  rowBytes: rows,
});

let cpu = process.cpuUsage();
process.stdin.on('data', () => {
  const used = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  say({ cpuMs: (used.user + used.system) / 1_000, rss: process.memoryUsage().rss });
});
await new Promise<void>((resolve) => void process.stdin.once('end', resolve));

function running(id: number): Machine {
  const origin = {
    id: `m${id}`,
    workspace: `w${id}`,
    race: null,
    label: `l${id}`,
    marketplace: 'local',
    offer: anOffer,
  };
  const machine = intend(origin, 'bench', Date.now());
  return {
    ...machine,
    state: 'running',
    entered: { ...machine.entered, running: Date.now() },
    epoch: 1,
    instance: `i${id}`,
    complete: true,
  };
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
