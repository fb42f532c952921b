import { getCompileCacheDir } from 'node:module';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { openBot } from '../bot/bot.ts';
import { readDiscordFile } from '../bot/setup/discord-file.ts';
import { openAccounts } from './accounts/accounts.ts';
import { keepOwners } from './accounts/owner.ts';
import { keepAccounts } from './backups/kept-accounts.ts';
import { isEmpty, mustNotBeAnothers, noteInstallation } from './backups/recovery.ts';
import { type SealAnew, sealAnew } from './backups/seal-anew.ts';
import type { Engine } from './domain/doors.ts';
import { Failure, isFailure, reasonOf } from './domain/failures.ts';
import { HEARTBEAT_PATH } from './domain/heartbeat.ts';
import { toldLine } from './domain/log.ts';
import type { Clock, Ports, Repositories, Storage, Vault } from './domain/ports.ts';
import { createEngine } from './engine.ts';
import { engineFor } from './guard.ts';
import { createHeartbeats } from './heartbeats.ts';
import { serveAgentRoute } from './http/agent-route.ts';
import { noteEngine } from './http/engine-file.ts';
import { serveHttp } from './http/serve.ts';
import { type LocalMarketplace, localMarketplace } from './marketplaces/local/local.ts';
import { openMarketplaces } from './marketplaces/table.ts';
import { createAudit } from './process/audit.ts';
import { createBell } from './process/bell.ts';
import { type Config, readConfig, type StorageConfig } from './process/config.ts';
import { withCredentials } from './process/credentials.ts';
import { type Installation, readInstallation } from './process/installation.ts';
import { openLog } from './process/logging.ts';
import { intoLogs } from './process/logs.ts';
import { createMetrics } from './process/metrics.ts';
import { keepHeapSmall } from './process/small-heap.ts';
import { createTelling } from './process/telling.ts';
import { keepWatched } from './process/watched.ts';
import { openWorkspaceLogs } from './process/workspace-logs.ts';
import { sshConnect } from './ssh/connect.ts';
import { ownKey } from './ssh/own-key.ts';
import { type Keys, readKeys, replaceKey } from './storage/key-files.ts';
import { keepStorage } from './storage/local/keep-storage.ts';
import type { LockRule } from './storage/local/locks.ts';
import { readKeyFile } from './storage/master-key.ts';
import { recoveryKeyIn } from './storage/recovery-key.ts';
import { resticRepositories } from './storage/repositories.ts';
import { type S3Options, s3Storage } from './storage/s3.ts';
import { openJournals } from './store/open-journals.ts';
import { openStore } from './store/open-store.ts';
import type { Mark } from './store/seal.ts';
import { supervise } from './supervise.ts';
import { keepSweeping } from './sweep.ts';
import { provideKit, resticFor } from './tools/provide-kit.ts';
import { welcome } from './welcome.ts';

/** A running Dumont. Leaving its scope closes what was opened, in the opposite order. */
export interface Dumont extends AsyncDisposable {
  readonly url: string;
  readonly engine: Engine;
  readonly ports: Ports;
  readonly local: LocalMarketplace;
  /** The very first account, to be shown once; null when there was one. */
  readonly first: { readonly name: string; readonly password: string; readonly recoveryKey: string } | null;
  /** Whether there is a bot in Discord, and whether it has a channel to warn in. */
  readonly bot: 'none' | 'mute' | 'well';
  /** Rejects when a way in is lost that only a new start can open again. */
  readonly lost: Promise<never>;
}

/** Opens everything and wires it together; the only place that knows all of it. `say` tells a person what takes long. */
export async function openDumont(
  config: Config,
  say: (line: string) => void,
  change = (ports: Ports): Ports => ports,
): Promise<Dumont> {
  await using opening = new AsyncDisposableStack();
  const stop = new AbortController();
  const clock = realClock;
  const installation = await readInstallation(config.home, freePort);
  const keyFile = join(config.home, 'master.key');
  const bell = createBell(clock);
  const logs = opening.use(openWorkspaceLogs(join(config.home, 'logs'), config.logs, clock.now, bell));
  const opened = opening.use(openLog(join(config.home, 'logs'), config.logs.least, clock.now));
  const log = intoLogs(opened.log, logs, clock.now);
  const store = opening.use(await openStore(join(config.home, 'state'), { log })); // first: it refuses a second engine
  const { path: setting, downloadUrl } = config.restic;
  const wanted = { setting, downloadUrl, folder: join(config.home, 'tools'), searchPath: config.path };
  const restic = resticFor(wanted, say, stop.signal);
  opening.defer(() => stop.abort(new Error('the engine stops'))); // whatever fails below, nothing we began goes on
  const placed = openStorage(config, installation, opening, log, stop.signal);
  const begin = async (): Promise<Keys> => {
    // Before a key is made, which would be in the way of the right one.
    if (await isEmpty(store)) await lookWhose(await placed, installation, config, keyFile, stop.signal);
    return await readKeys(keyFile);
  };
  const beginnings = [
    begin().then(async (keys) => {
      const [mark, ...former] = [keys.key.sign, ...keys.former].map(markWith);
      return { keys, journals: opening.use(await openJournals(join(config.home, 'journals'), mark, former)) };
    }),
    ownKey(join(config.home, 'keys')),
    placed,
    restic(),
  ] as const;
  const [{ keys, journals }, key, place, resticPath] = await Promise.all(beginnings).catch(async (cause: unknown) => {
    stop.abort(cause);
    await Promise.allSettled(beginnings);
    throw cause;
  });
  const masterKey = keys.key;
  const storage = opening.use(s3Storage({ ...place, now: clock.now }));
  const repositoriesIn = (where: Storage, folder: string): Repositories =>
    resticRepositories({
      restic: resticPath,
      storage: where,
      masterKey,
      folder: join(config.home, folder),
      connections: config.settings.save.connections,
      now: clock.now,
      log,
    });
  const vaults = vaultPlaces(config, place).map(({ name, ...there }): Vault => {
    const copy = opening.use(s3Storage({ ...there, now: clock.now }));
    const repositories = repositoriesIn(copy, join('vaults', name));
    return { name, storage: copy, repositories, lockMs: config.vaultLockMs };
  });
  const { confirmed } = keys;
  const open = (sealed: string): string => masterKey.open(sealed, 'this installation');
  const storages = [storage, ...vaults.map((vault) => vault.storage)] as const;
  const taken = confirmed
    ? takeKey({ store, storages, installation: installation.id, open, fresh: confirmed }, keyFile, log, stop.signal)
    : Promise.resolve();
  opening.defer(async () => {
    stop.abort(new Error('the engine stops'));
    await taken;
  });
  const local = localMarketplace({
    folder: join(config.home, 'local'),
    seed: config.local.seed,
    timeScale: config.local.timeScale,
    searchPath: config.path,
  });
  const metrics = createMetrics(clock);
  const telling = await createTelling(journals, clock, bell, log);
  const alone: Omit<Ports, 'heartbeats'> = {
    settings: { ...config.settings, installation: installation.id },
    clock,
    random: Math.random,
    newId: (prefix) => `${prefix}${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`,
    store: metrics.store(store),
    journals,
    marketplaces: openMarketplaces(config.marketplaces, local, clock, join(config.home, 'marketplaces')),
    connect: sshConnect(key.privateKey),
    storage,
    repositories: repositoriesIn(storage, 'repositories'),
    vaults,
    seal: masterKey.seal,
    unseal: open,
    kit: provideKit(join(config.home, 'kit'), restic, storage, say, stop.signal),
    publicKey: key.publicKey,
    bell,
    underway: new Map(),
    fence: { check: async () => undefined }, // each driver brings its own, bound to its lease
    log,
    logs,
    tell(talk) {
      metrics.saw(talk);
      if (talk.workspace !== null) logs.note(talk.workspace, toldLine(talk, clock.now()));
      telling.tell(talk);
    },
  };
  const heartbeats = createHeartbeats(alone, {
    url: config.publicUrl === null ? null : `${config.publicUrl}${HEARTBEAT_PATH}`,
    sign: masterKey.sign,
    serving: (ear) => serveAgentRoute(ear, log),
    heard: metrics.heard,
  });
  const ports = change({ ...alone, heartbeats });
  const core = createEngine(ports, telling, key.file);
  metrics.watch(core);
  const { newId } = ports;
  const accounts = openAccounts({ store, clock, newId, derive: masterKey.derive });
  await keepOwners(store, userName());

  // Closed in the opposite order: the listener first, then the drivers, then what they write to.
  opening.defer(async () => await telling.settled());
  const loops = [
    supervise(ports, stop.signal),
    keepSweeping(ports, stop.signal),
    keepAccounts({ store, storage, vaults, key: masterKey, clock, log }, stop.signal),
  ];
  for (const loop of loops)
    loop.catch((cause: unknown) => stop.signal.aborted || log('loop.ended', { why: reasonOf(cause) }, 'ERROR'));
  opening.defer(async () => {
    stop.abort(new Error('the engine stops'));
    await Promise.allSettled(loops);
  });
  const audit = createAudit(journals, clock);
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const kept = await readDiscordFile(config.home);
  const token = config.discord.token ?? kept?.token ?? null;
  const bot =
    token &&
    opening.use(
      await openBot({
        api: config.discord.api,
        token,
        engine: core,
        engineFor: (who) => engineFor(who, core, store),
        accounts,
        audit,
        store,
        clock,
        log,
        newId,
        first: kept?.first ?? null,
        onEnd: (why) => lost.reject(new Failure('discord_refused', { why })),
      }),
    );
  const engine: Engine = {
    ...core,
    health: async () => [...(await core.health()), ...(bot ? [await bot.health()] : [])],
  };
  const http = opening.use(
    await serveHttp((who) => engineFor(who, engine, store), {
      port: config.port,
      host: config.host,
      origins: config.origins,
      trustedProxies: config.trustedProxies,
      accounts,
      audit,
      meter: metrics,
      tokenFile: join(config.home, 'token'),
      log,
      local,
      ear: config.publicUrl === null ? null : heartbeats,
    }),
  );
  opening.use(await noteEngine(join(config.home, 'engine.json'), http.url));
  // Last of all: its password is shown once, by an engine that really came up.
  const begun = await accounts.begin();
  const first = begun && { ...begun, recoveryKey: await recoveryKeyIn(keyFile) };
  warmUp(ports, stop.signal);
  taken
    .then(async () => await noteInstallation(installation.id, storage, masterKey, stop.signal))
    .catch((cause: unknown) => {
      if (!stop.signal.aborted) log('installation.not_noted', { why: reasonOf(cause) }, 'WARNING');
    });
  log('engine.started', { url: http.url, installation: installation.id, home: config.home });

  const running = opening.move();
  return {
    url: http.url,
    engine,
    ports,
    local,
    first,
    bot: bot === null ? 'none' : (await bot.canWarn()) ? 'well' : 'mute',
    lost: lost.promise,
    [Symbol.asyncDispose]: async () => await running.disposeAsync(),
  };
}

async function lookWhose(
  place: Place,
  { id }: Installation,
  config: Config,
  keyFile: string,
  signal: AbortSignal,
): Promise<void> {
  using opening = new DisposableStack();
  const places = [place, ...vaultPlaces(config, place)];
  const storages = places.map((one) => opening.use(s3Storage({ ...one, now: Date.now })));
  const key = (await readKeyFile(keyFile)) && (await readKeys(keyFile)).key;
  const open = (sealed: string): string => {
    if (key) return key.open(sealed, 'this installation');
    throw new Failure('wrong_password', { workspace: 'this installation' });
  };
  await mustNotBeAnothers(id, { storages, open }, signal);
}

const markWith =
  (sign: (text: string) => string): Mark =>
  (text) =>
    sign(`audit ${text}`);

/** What was sealed with the old master key is sealed with the new one, and that takes its place. Until then both open. */
async function takeKey(work: SealAnew, keyFile: string, log: Ports['log'], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sealAnew(work, AbortSignal.any([signal, AbortSignal.timeout(SEAL_MS)]));
      await replaceKey(keyFile);
      log('key.replaced', { mark: work.fresh.mark });
      return;
    } catch (cause) {
      if (!signal.aborted) log('key.not_replaced', { why: reasonOf(cause) }, 'WARNING');
      await realClock.sleep(SEAL_MS, signal).catch(() => undefined);
    }
  }
}

const SEAL_MS = 60_000;

/** Packs the tools before anybody waits for them. A failure is told again, in words, to the first who needs them. */
function warmUp({ kit, log }: Ports, signal: AbortSignal): void {
  kit().then(
    ({ tools }) =>
      log('kit.ready', { tools: tools.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })) }),
    (cause: unknown) => signal.aborted || log('kit.failed', { why: reasonOf(cause) }, 'WARNING'),
  );
}

type Place = Omit<S3Options, 'now'>;

/** Where copies go: beside the storage itself, and to another service if the settings name one. */
export function vaultPlaces(config: Config, place: Place): readonly (Place & Pick<Vault, 'name'>)[] {
  const bucket = config.storage ? config.vaultBucket : LOCAL_VAULT;
  const beside = bucket === null ? [] : [{ ...place, name: 'vault' as const, bucket }];
  return config.second === null ? beside : [...beside, { ...placeOf(config.second), name: 'elsewhere' as const }];
}

function placeOf({ endpoint, bucket, region, accessKeyId, secretAccessKey }: StorageConfig): Place {
  const account = new URL(endpoint).hostname.split('.')[0] ?? '';
  return { endpoint, bucket, region, parent: { account, accessKeyId, secretAccessKey: secretAccessKey.reveal() } };
}

/** The bucket the settings name, or an object server of our own on the port it always had, since machines know that one. */
export async function openStorage(
  config: Config,
  installation: Installation,
  opening: AsyncDisposableStack,
  log: Ports['log'],
  signal: AbortSignal,
): Promise<Place> {
  if (config.storage) return placeOf(config.storage);
  const { storageKey, storagePort } = installation;
  const server = opening.use(
    await keepStorage(
      {
        folder: join(config.home, 'storage'),
        port: storagePort,
        keys: [{ ...storageKey, scope: 'object-read-write' }],
        buckets: [LOCAL_BUCKET, LOCAL_VAULT],
        locks: { [LOCAL_VAULT]: [vaultRule(config.vaultLockMs)] },
        onLog: (line) => log('storage.said', { line }),
        onTrouble: (why) => log('storage.trouble', { why }, 'WARNING'),
        environment: compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache },
      },
      signal,
    ),
  );
  return {
    endpoint: server.endpoint,
    bucket: LOCAL_BUCKET,
    region: 'auto',
    parent: { account: 'local', ...storageKey },
  };
}

const LOCAL_BUCKET = 'dumont';
const LOCAL_VAULT = 'dumont-vault';

/** On all that the vault holds, so that a new workspace is protected by nothing but being there. */
const vaultRule = (lockMs: number): LockRule => ({
  id: 'vault',
  enabled: true,
  prefix: '',
  condition: { type: 'Age', maxAgeSeconds: Math.ceil(lockMs / 1_000) },
});

/** What `npm start` sets so that Node need not compile us each time; the object server is Node as well. */
const compiled = getCompileCacheDir();
const compileCache = compiled === undefined ? undefined : dirname(compiled);

const realClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal.addEventListener('abort', abort, { once: true });
    }),
};

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'owner'; // a container may run under a number without a name
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Runs until somebody asks it to stop. A second Ctrl-C does not wait. */
async function main(): Promise<void> {
  keepHeapSmall();
  const asked = Promise.withResolvers<void>();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => asked.resolve());
  // biome-ignore lint/style/noProcessEnv: the environment is read here and nowhere else in the engine.
  const environment = process.env;
  using _ = keepWatched(environment, (why) => console.error(why));
  try {
    const config = readConfig(withCredentials(environment));
    await using dumont = await openDumont(config, (line) => console.log(line));
    console.log(await welcome(dumont, config, process.stdout.isTTY));
    await Promise.race([asked.promise, dumont.lost]);
    console.log('Stopping. Machines and storage stay as they are; the next start goes on from here.');
  } catch (cause) {
    console.error(isFailure(cause) ? cause.message : cause);
    process.exitCode = isFailure(cause) ? cause.row.exit : 70;
  }
}

if (import.meta.main) await main();
