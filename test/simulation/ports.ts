import { AGENT } from '../../engine/domain/agent-protocol.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { Journals } from '../../engine/domain/journals.ts';
import type { Marketplace, Ports, Repositories, Shell, Storage, Store } from '../../engine/domain/ports.ts';
import { createBell } from '../../engine/process/bell.ts';
import { NO_LOGS } from '../fakes/logs.ts';
import { TOOL_SHA256 } from '../fakes/machine.ts';
import { hearing } from '../fakes/world.ts';
import type { Call, Gate } from './gate.ts';
import type { Process } from './process.ts';
import type { SimulatedWorld } from './world.ts';

type Pass = <T>(
  name: string,
  act: () => Promise<T>,
  failure: () => Failure,
  signal?: AbortSignal,
  long?: Pick<Call<T>, 'cut'>,
) => Promise<T>;

/** The ports of one engine process. Everything it asks for goes through the gate; what it says aloud ends with it. */
export function portsOf(process: Process, world: SimulatedWorld): Ports {
  const { gate } = world;
  const pass: Pass = (name, act, failure, signal) => gate.pass(process, { name, act, failure, signal });
  const marketplace = marketplaceOf(world.marketplace, pass);
  const alone: Omit<Ports, 'heartbeats'> = {
    settings: world.settings,
    clock: process.clock,
    random: world.random,
    newId: (prefix) => world.newId(prefix),
    store: storeOf(world.store, pass),
    journals: journalsOf(world.journals, pass),
    marketplaces: new Map([[marketplace.name, marketplace]]),
    connect: async (address, hostKey, signal) => {
      const refused = (): Failure => new Failure('ssh_refused', { address: address.host, why: 'made up' });
      const connect = (): Promise<Shell> => world.marketplace.connect(address, hostKey, signal);
      return shellOf(await pass('connect', connect, refused, signal), process, gate);
    },
    storage: storageOf(world.storage, pass),
    repositories: repositoriesOf(world.storage, pass),
    vaults: [],
    seal: (plain) => `sealed ${plain}`,
    unseal: (sealed) => sealed.slice('sealed '.length),
    kit: () => pass('kit', async () => KIT, storageDown),
    publicKey: 'ssh-ed25519 AAAA engine',
    bell: createBell(process.clock),
    underway: new Map(),
    fence: { check: async () => undefined },
    log: (event, facts = {}, level = 'INFO') => world.logged(process, event, facts, level),
    logs: NO_LOGS,
    tell: (talk) => world.told(process, talk),
  };
  return { ...alone, heartbeats: hearing(alone) };
}

const KIT = { tools: [{ name: 'restic', sha256: TOOL_SHA256, file: '', sizeBytes: 1, key: 'kit/restic' }] } as const;

const storageDown = (): Failure => new Failure('storage_down', { why: 'made up' });
const diskFull = (): Failure => new Failure('disk_full', { what: 'the store', why: 'made up' });
const marketplaceDown = (): Failure => new Failure('marketplace_down', { marketplace: 'fake', why: 'made up' });
const sshLost = (): Failure => new Failure('ssh_lost', { why: 'made up' });

function storeOf(store: Store, pass: Pass): Store {
  return {
    read: (kind, id) => pass('store.read', () => store.read(kind, id), diskFull),
    list: (kind) => pass('store.list', () => store.list(kind), diskFull),
    save: (kind, row) => pass(`store.save ${kind}`, () => store.save(kind, row), diskFull),
    remove: (kind, row) => pass('store.remove', () => store.remove(kind, row), diskFull),
    claim: (workspace, machine, now) => pass('store.claim', () => store.claim(workspace, machine, now), diskFull),
    unclaim: (workspace, machine) => pass('store.unclaim', () => store.unclaim(workspace, machine), diskFull),
    lease: (name, holder, now, ms) => pass('store.lease', () => store.lease(name, holder, now, ms), diskFull),
    unlease: (name, holder) => pass('store.unlease', () => store.unlease(name, holder), diskFull),
  };
}

function journalsOf(journals: Journals, pass: Pass): Journals {
  return {
    append: (journal, entry) => pass(`journal ${journal}`, () => journals.append(journal, entry), diskFull),
    read: (journal, since) => pass('journal read', () => journals.read(journal, since), diskFull),
    sums: (wanted) => journals.sums(wanted),
    charges: (wanted) => journals.charges(wanted),
    verify: () => pass('journal verify', () => journals.verify(), diskFull),
  };
}

function marketplaceOf(marketplace: Marketplace, pass: Pass): Marketplace {
  const { name, pauses } = marketplace;
  return {
    name,
    pauses,
    offers: (need, signal) => pass('offers', () => marketplace.offers(need, signal), marketplaceDown, signal),
    async rent(offer, order, depart, signal) {
      await depart();
      const departed = async (): Promise<void> => undefined;
      return await pass('rent', () => marketplace.rent(offer, order, departed, signal), marketplaceDown, signal);
    },
    list: (signal) => pass('list', () => marketplace.list(signal), marketplaceDown, signal),
    destroy: (one, signal) => pass('destroy', () => marketplace.destroy(one, signal), marketplaceDown, signal),
    stop: (one, signal) => pass('stop', () => marketplace.stop(one, signal), marketplaceDown, signal),
    start: (one, signal) => pass('start', () => marketplace.start(one, signal), marketplaceDown, signal),
    bootLog: (one, signal) => pass('bootLog', () => marketplace.bootLog(one, signal), marketplaceDown, signal),
    endCall: (one) => pass('endCall', () => marketplace.endCall(one), marketplaceDown),
  };
}

/** Programs run on until their connection breaks, which it does when the process at this end is killed. */
function shellOf(shell: Shell, process: Process, gate: Gate): Shell {
  return {
    hostKey: shell.hostKey,
    upload: (files, signal) => shell.upload(files, signal),
    forward: (onConnection, signal) => shell.forward(onConnection, signal),
    lost: shell.lost,
    [Symbol.asyncDispose]: async () => undefined,
    async run(command, signal, onLine = () => undefined) {
      const broken = new AbortController();
      const cut = (why: unknown): void => broken.abort(why);
      const leave = (): void => cut(signal.reason);
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      const uncut = process.onKill(() => cut(sshLost()));
      const act = (muted: boolean): ReturnType<Shell['run']> =>
        shell
          .run(command, broken.signal, (line, say) => {
            if (muted) return;
            if (process.runs) onLine(line, say);
            else process.whenItRuns(() => onLine(line, say)).catch(cut);
          })
          .finally(uncut);
      try {
        const [program, ...words] = command.argv;
        const name = `run ${words[0] === AGENT.program ? words[1] : program}`;
        return await gate.pass(process, { name, act, failure: sshLost, signal, cut });
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

function storageOf(storage: Storage, pass: Pass): Storage {
  const { endpoint, bucket, region } = storage;
  return {
    endpoint,
    bucket,
    region,
    issue: (scope) => pass('storage.issue', () => storage.issue(scope), storageDown),
    put: (key, body, signal) => pass('storage.put', () => storage.put(key, body, signal), storageDown, signal),
    get: (key, signal) => pass('storage.get', () => storage.get(key, signal), storageDown, signal),
    list: (prefix, signal) => pass('storage.list', () => storage.list(prefix, signal), storageDown, signal),
    remove: (key, signal) => pass('storage.remove', () => storage.remove(key, signal), storageDown, signal),
    copyFrom: (source, object, how, signal) =>
      pass('storage.copyFrom', () => storage.copyFrom(source, object, how, signal), storageDown, signal),
    presign: (verb, key, ttlMs) => pass('storage.presign', () => storage.presign(verb, key, ttlMs), storageDown),
  };
}

function repositoriesOf(all: Repositories, pass: Pass): Repositories {
  return {
    ensure: (one, signal) => pass('repository.ensure', () => all.ensure(one, signal), storageDown, signal),
    password: (one) => pass('repository.password', () => all.password(one), storageDown),
    newPassword: () => pass('repository.newPassword', () => all.newPassword(), storageDown),
    addPassword: (one, sealed, signal) =>
      pass('repository.addPassword', () => all.addPassword(one, sealed, signal), storageDown, signal),
    formerKeys: (one, signal) => pass('repository.formerKeys', () => all.formerKeys(one, signal), storageDown, signal),
    snapshot: (one, id, signal) =>
      pass('repository.snapshot', () => all.snapshot(one, id, signal), storageDown, signal),
    snapshots: (one, signal) => pass('repository.snapshots', () => all.snapshots(one, signal), storageDown, signal),
    files: (one, id, signal) => pass('repository.files', () => all.files(one, id, signal), storageDown, signal),
    read: (one, id, what, signal) => all.read(one, id, what, signal), // a stream fails where it is read
    copyIn: (one, from, id, signal) =>
      pass('repository.copyIn', () => all.copyIn(one, from, id, signal), storageDown, signal),
    dropUnused: (one, signal) => pass('repository.dropUnused', () => all.dropUnused(one, signal), storageDown, signal),
    rehost: (one, id, signal) => pass('repository.rehost', () => all.rehost(one, id, signal), storageDown, signal),
    digests: (one, id, paths, signal) =>
      pass('repository.digests', () => all.digests(one, id, paths, signal), storageDown, signal),
    forget: (one, ids, signal) => pass('repository.forget', () => all.forget(one, ids, signal), storageDown, signal),
    headStart: (one, id, signal) =>
      pass('repository.headStart', () => all.headStart(one, id, signal), storageDown, signal),
    restoreHere: (one, id, what, signal) =>
      pass('repository.restoreHere', () => all.restoreHere(one, id, what, signal), storageDown, signal),
    check: (one, how, signal) => pass('repository.check', () => all.check(one, how, signal), storageDown, signal),
    compact: (one, signal) => pass('repository.compact', () => all.compact(one, signal), storageDown, signal),
  };
}
