import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { diskFailure, Failure, isFailure } from '../domain/failures.ts';
import { keysPrefix, repositoryPrefix, repositoryUrl } from '../domain/layout.ts';
import type { Log, Repositories, Storage, StoredFile, StoredSnapshot } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { type Access, openAccess } from '../restic/access.ts';
import { cheapKey, opensKey } from '../restic/cheap-key.ts';
import * as restic from '../restic/commands.ts';
import { outcomeOf, whyOf } from '../restic/outcome.ts';
import { type ListedSnapshot, readMasterKey, readNode, readSnapshots } from '../restic/readings.ts';
import { type Ran, runRestic } from '../restic/run.ts';
import { restoreHere } from './drill.ts';
import { type Gate, openGate } from './gate.ts';
import { readHeadStart } from './head-start.ts';
import type { MasterKey } from './master-key.ts';
import { readBack } from './read-back.ts';
import { emptyScratch } from './scratch.ts';

export interface RepositoriesOptions {
  readonly restic: string;
  readonly storage: Storage;
  readonly masterKey: MasterKey;
  /** Of this control host alone: a cache for each workspace, and files that live as long as one restic. */
  readonly folder: string;
  readonly connections: number;
  readonly now: () => number;
  readonly log: Log;
}

/** Reads workspaces' repositories with restic and with credentials of the control host's own. */
export function resticRepositories(options: RepositoriesOptions): Repositories {
  const { storage, masterKey, connections, folder, log } = options;
  const reach = { region: storage.region, connections };
  const made = new Map<string, Promise<void>>();
  const { run, fresh, alone } = runner(options);
  const read = async (workspace: Workspace, args: readonly string[], signal: AbortSignal): Promise<string> => {
    const chunks: Buffer[] = [];
    await run(workspace, 'read', args, { onBytes: (bytes) => chunks.push(bytes) }, signal);
    return Buffer.concat(chunks).toString('utf8');
  };
  /** Two who ask at once must not both make it. */
  const make = async (workspace: Workspace, signal: AbortSignal): Promise<void> => {
    try {
      await read(workspace, restic.catConfig(reach), signal);
    } catch (cause) {
      if (!isFailure(cause, 'no_repository')) throw cause;
      await run(workspace, 'write', restic.init(reach), {}, signal);
      const master = readMasterKey(await read(workspace, restic.catMasterKey(reach), signal));
      const key = cheapKey(masterKey.open(workspace.sealedPassword, workspace.id), master, options.now());
      await replaceKeys(storage, workspace, key, signal);
    }
  };
  const list = async (workspace: Workspace, ids: readonly string[], signal: AbortSignal) =>
    readSnapshots(await read(workspace, restic.snapshots(reach, ids), signal)).map(storedSnapshot);

  return {
    ensure(workspace, signal) {
      const key = workspace.sealedPassword; // a workspace made anew under an old name has another
      const making = made.get(key) ?? make(workspace, signal);
      made.set(key, making);
      making.catch(() => made.delete(key)); // the next one who asks tries again
      return making;
    },

    password: async (workspace) => masterKey.open(workspace.sealedPassword, workspace.id),

    newPassword: async () => ({ sealed: masterKey.seal(randomBytes(PASSWORD_BYTES).toString('hex')) }),

    async addPassword(workspace, sealed, signal) {
      const password = masterKey.open(sealed, workspace.id);
      const keys = await keysOf(storage, workspace, password, signal);
      if (!keys.some(({ opens }) => opens)) {
        const master = readMasterKey(await read(workspace, restic.catMasterKey(reach), signal));
        const key = cheapKey(password, master, options.now());
        await storage.put(`${keysPrefix(workspace.id)}${key.id}`, key.bytes, signal);
      }
      await read({ ...workspace, sealedPassword: sealed }, restic.catConfig(reach), signal); // restic's own word for it
    },

    async formerKeys(workspace, signal) {
      const password = masterKey.open(workspace.sealedPassword, workspace.id);
      const keys = await keysOf(storage, workspace, password, signal);
      return keys.some(({ opens }) => opens) ? keys.filter(({ opens }) => !opens).map(({ name }) => name) : [];
    },

    async snapshot(workspace, id, signal) {
      const found = await list(workspace, [id], signal);
      return found.find((snapshot) => snapshot.id === id) ?? null;
    },

    snapshots: (workspace, signal) => list(workspace, [], signal),

    async files(workspace, id, signal) {
      const files: StoredFile[] = [];
      const onLine = (line: string): void => {
        const node = readNode(line);
        if (node?.type !== 'file') return;
        files.push({ path: node.path, sizeBytes: node.sizeBytes, mtimeMs: Math.floor(node.mtimeMs) });
      };
      await run(workspace, 'read', restic.ls(reach, id), { onLine }, signal);
      return files;
    },

    read(workspace, id, { path, archive }, signal) {
      const left = new AbortController();
      const through = new PassThrough();
      through.once('close', () => left.abort(new Error('nobody reads it any more')));
      const either = AbortSignal.any([signal, left.signal]);
      const onOutput = (output: Readable): void => {
        output.pipe(through, { end: false });
        through.once('close', () => output.destroy()); // restic would wait for a reader that is gone
      };
      run(workspace, 'read', restic.dump(reach, id, path, archive), { onOutput }, either).then(
        () => through.end(),
        (cause: Error) => through.destroy(cause),
      );
      return through;
    },

    async digests(workspace, id, paths, signal) {
      const readable = paths.filter((path) => path.isWellFormed());
      const asked = { reach, snapshot: id, paths: readable, folder: await fresh(), log };
      const digests = await readBack(
        asked,
        async (args, onLine) => await run(workspace, 'read', args, { onLine }, signal),
        signal,
      ).catch((cause: unknown) => {
        signal.throwIfAborted();
        if (isFailure(cause, 'storage_down', 'storage_refused')) throw cause;
        return new Map<string, string>(); // one by one, then
      });
      const left = readable.filter((path) => !digests.has(path));
      const readNext = async (): Promise<void> => {
        for (let path = left.shift(); path !== undefined; path = left.shift()) {
          const digest = await digestOf(run, workspace, restic.dump(reach, id, path), signal);
          if (digest !== null) digests.set(path, digest);
        }
      };
      await Promise.all(Array.from({ length: DUMPS }, readNext));
      return digests;
    },

    async headStart(workspace, id, signal) {
      await run(workspace, 'read', restic.ls(reach, id), { onLine: () => undefined }, signal); // then our cache knows it
      return await readHeadStart(cacheOf(folder, workspace), id);
    },

    async restoreHere(workspace, id, { paths, whole }, signal) {
      const scratch = await fresh();
      const cache = join(scratch, 'cache'); // a fresh machine has none: what lies in ours proves nothing of storage
      return await restoreHere(
        { reach, snapshot: id, paths, whole, folder: scratch, log },
        async (args, onLine) => await run(workspace, 'read', args, { onLine, cache }, signal),
        signal,
      );
    },

    async copyIn(workspace, from, id, signal) {
      const there = async (): Promise<string | undefined> => (await list(workspace, [], signal))[0]?.id;
      const done = await there();
      if (done !== undefined) return done;
      await run(workspace, 'write', restic.copy(reach, id), { from }, signal);
      const made = await there();
      if (made === undefined) throw new Failure('restore_failed', { why: `snapshot ${id.slice(0, 8)} was not copied` });
      return made;
    },

    async rehost(workspace, id, signal) {
      const own = async (): Promise<string | undefined> =>
        (await list(workspace, [], signal)).find(({ host }) => host === workspace.id)?.id;
      const done = await own();
      if (done !== undefined) return done;
      await run(workspace, 'write', restic.rehost(reach, id, workspace.id), {}, signal);
      const made = await own();
      if (made === undefined)
        throw new Failure('restore_failed', { why: `snapshot ${id.slice(0, 8)} got no new name` });
      return made;
    },

    async forget(workspace, ids, signal) {
      for (let first = 0; first < ids.length; first += FORGOTTEN_AT_ONCE)
        await run(workspace, 'write', restic.forget(reach, ids.slice(first, first + FORGOTTEN_AT_ONCE)), {}, signal);
    },

    async check(workspace, { readData }, signal) {
      let words = '';
      const onEnd = (ran: Ran): void => {
        words = ran.words;
      };
      try {
        await run(workspace, 'read', restic.check(reach, readData), { onEnd }, signal);
        return [];
      } catch (cause) {
        if (!isFailure(cause, 'restore_failed') || !DAMAGED.test(words)) throw cause;
        return words.split('\n').filter((line) => line !== '' && !DAMAGED.test(line));
      }
    },

    async dropUnused(workspace, signal) {
      await run(workspace, 'write', restic.pruneWhole(reach), {}, signal);
    },

    async compact(workspace, signal) {
      const prune = async (own: AbortSignal): Promise<void> =>
        await run(workspace, 'write', restic.prune(reach), {}, own);
      await alone(workspace, prune, signal);
    },
  };
}

const cacheOf = (folder: string, { id }: Workspace): string => join(folder, 'cache', id);

type Run = ReturnType<typeof runner>['run'];

/** Null when the snapshot has no such file. */
async function digestOf(
  run: Run,
  workspace: Workspace,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await run(workspace, 'read', args, { onBytes: (bytes) => hash.update(bytes) }, signal);
    return hash.digest('hex');
  } catch (cause) {
    if (isFailure(cause, 'restore_failed') && /not found in snapshot|should be a (?:file|dir)/.test(cause.message))
      return null;
    throw cause;
  }
}

async function keysOf(
  storage: Storage,
  { id }: Workspace,
  password: string,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly opens: boolean }[]> {
  const keys: { name: string; opens: boolean }[] = [];
  for (const { key, sizeBytes } of (await storage.list(keysPrefix(id), signal)).slice(0, KEYS_MAX)) {
    const bytes = sizeBytes > KEY_BYTES_MAX ? null : await storage.get(key, signal);
    keys.push({ name: key, opens: bytes !== null && (await opensKey(bytes, password)) });
  }
  return keys;
}

/** The new key first: a repository without a key is lost. */
async function replaceKeys(
  storage: Storage,
  workspace: Workspace,
  key: { readonly id: string; readonly bytes: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const prefix = keysPrefix(workspace.id);
  const slow = await storage.list(prefix, signal);
  await storage.put(`${prefix}${key.id}`, key.bytes, signal);
  for (const { key: name } of slow) await storage.remove(name, signal);
}

interface Sink {
  readonly onOutput?: (output: Readable) => void;
  readonly onLine?: (line: string) => void;
  readonly onBytes?: (bytes: Buffer) => void;
  readonly onEnd?: (ran: Ran) => void;
  /** Another than the workspace's own. */
  readonly cache?: string;
  /** Whose repository is read besides. */
  readonly from?: Workspace;
}

/** Starts restic with files for password and credentials that go when it ends. */
function runner({ restic: program, storage, masterKey, folder, connections, log }: RepositoriesOptions) {
  const scratch = join(folder, 'scratch');
  let cleared: Promise<void> | null = null;
  /** Of what an engine that was killed left there. What failed, on a full disk say, is tried again by the next one. */
  const clear = async (): Promise<void> => {
    cleared ??= emptyScratch(scratch, log);
    await cleared.catch((cause: unknown) => {
      cleared = null;
      throw diskFailure(cause, 'reading a repository');
    });
  };
  const fresh = async (): Promise<string> => {
    await clear();
    return join(scratch, randomBytes(8).toString('hex'));
  };
  const urlOf = ({ id }: Workspace): string => repositoryUrl(storage.endpoint, storage.bucket, id);
  const open = async (
    workspace: Workspace,
    access: 'read' | 'write',
    url: string,
    { from, cache = cacheOf(folder, from ?? workspace) }: Sink,
  ): Promise<Access> => {
    const secrets = await fresh();
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const prefix = [workspace, ...(from ? [from] : [])].map(({ id }) => repositoryPrefix(id));
    const credentials = await storage.issue({ prefix, access, ttlMs: CREDENTIALS_MS });
    const password = masterKey.open(workspace.sealedPassword, workspace.id);
    return await openAccess(
      { url, region: storage.region, password, credentials, connections },
      { secrets, cache, temporary: scratch },
      from ? { url: urlOf(from), password: masterKey.open(from.sealedPassword, from.id) } : null,
    );
  };
  const gates = new Map<string, Gate>();
  const gateOf = (workspace: Workspace): Gate => {
    const gate = gates.get(workspace.id) ?? openGate(workspace.id);
    gates.set(workspace.id, gate);
    return gate;
  };
  const run: typeof start = async (workspace, access, args, sink, signal) => {
    const read = access === 'read' ? workspace : sink.from;
    using _ = read ? await gateOf(read).read() : null;
    await start(workspace, access, args, sink, signal);
  };
  const start = async (
    workspace: Workspace,
    access: 'read' | 'write',
    args: readonly string[],
    sink: Sink,
    signal: AbortSignal,
  ): Promise<void> => {
    const url = urlOf(workspace);
    await using files = await open(workspace, access, url, sink).catch((cause: unknown) => {
      throw diskFailure(cause, 'reading a repository');
    });
    const ran = await runRestic(
      { program, args, environment: files.environment, cwd: folder, patienceMs: PATIENCE_MS, ...sink },
      signal,
    );
    sink.onEnd?.(ran);
    const why = whyOf(ran.words);
    const code = outcomeOf(ran.code, ran.words, ran.outOfPatience ? 'storage_down' : 'restore_failed');
    if (code === 'machine_disk_full') throw new Failure('disk_full', { what: 'reading a repository', why });
    if (code) throw new Failure(code, { workspace: workspace.id, url, why });
  };
  return {
    run,
    fresh,
    alone: async (workspace: Workspace, work: Parameters<Gate['alone']>[0], signal: AbortSignal) =>
      await gateOf(workspace).alone(work, signal),
  };
}

function storedSnapshot({ id, time, hostname, tags }: ListedSnapshot): StoredSnapshot {
  return { id, time: Date.parse(time), host: hostname, tags: tags ?? [] };
}

const DAMAGED = /^Fatal: repository contains errors/m;
/** Each id stands on the command line. */
const FORGOTTEN_AT_ONCE = 500;
const PASSWORD_BYTES = 32;
/** restic tries no more of them either. */
const KEYS_MAX = 20;
const KEY_BYTES_MAX = 16 * 1024;
const CREDENTIALS_MS = 60 * 60_000;
const PATIENCE_MS = 60_000;
/** Reading one file back is mostly waiting for storage. */
const DUMPS = 6;
