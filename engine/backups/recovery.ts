import * as z from 'zod';
import { ACCOUNT_NAME } from '../domain/account.ts';
import { alertId } from '../domain/alert.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import {
  besidePrefix,
  DESCRIPTIONS,
  DESTROYED,
  destroyedKey,
  INSTALLATION,
  installationKey,
  pinnedKey,
  removedIn,
  repositoryPrefix,
  vaultName,
} from '../domain/layout.ts';
import { readDecision, readMetadata } from '../domain/metadata.ts';
import type { Storage, Store, StoredObject } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { NO_CHOICE, type Workspace, type WorkspaceSpec } from '../domain/workspace.ts';
import type { Description } from '../steps/describe.ts';
import { readAccounts } from './kept-accounts.ts';

export interface Recovery {
  /** The hot one first; what it lacks is looked for in the others. */
  readonly storages: readonly Storage[];
  /** Opens what the installation sealed. Rejects with `wrong_password` when the key is another. */
  readonly open: (sealed: string) => string;
  /** Empty. */
  readonly store: Store;
  readonly specDefaults: WorkspaceSpec;
  readonly now: number;
}

export interface Recovered {
  readonly installation: string;
  /** How many accounts came back. */
  readonly accounts: number;
  /** Names that workspaces carry and no account that came back has. Nobody comes in by one before an admin says so. */
  readonly reserved: readonly string[];
  readonly workspaces: readonly {
    readonly id: string;
    readonly snapshots: number;
    /** In the catalogue, and their data in no copy. */
    readonly missing: readonly string[];
    /** What could not be read of the catalogue. */
    readonly unreadable: readonly string[];
  }[];
  /** Names of workspaces that another key sealed: another installation's that used the same storage. */
  readonly foreign: readonly string[];
}

const Installation = z.object({ id: z.string().regex(/^[a-z0-9]+$/) });

/** The name under which this installation's machines run. Storage keeps it, or nobody could tell them from others'. */
export async function noteInstallation(
  id: string,
  storage: Storage,
  key: { readonly mark: string; seal(plain: string): string },
  signal: AbortSignal,
): Promise<void> {
  const name = installationKey(key.mark);
  if ((await storage.get(name, signal)) !== null) return;
  await storage.put(name, Buffer.from(key.seal(JSON.stringify({ id }))), signal, { onlyIfAbsent: true });
}

/** Nothing that recovering builds anew is there. */
export async function isEmpty(store: Store): Promise<boolean> {
  for (const kind of ['workspaces', 'machines', 'snapshots'] as const)
    if ((await store.list(kind)).length > 0) return false;
  return true;
}

/** An engine that begins with nothing writes nothing where an installation is that is not its own: it may have been lost. */
export async function mustNotBeAnothers(
  own: string,
  { storages, open }: Pick<Recovery, 'storages' | 'open'>,
  signal: AbortSignal,
): Promise<void> {
  for (const storage of storages) {
    const found = await installationIn(storage, open, signal);
    if (found === undefined) continue;
    if (found === own) return;
    const described = (await storage.list(DESCRIPTIONS, signal)).map(({ key }) => describedBy(key));
    throw new Failure('storage_of_another', {
      bucket: `${storage.endpoint}/${storage.bucket}`,
      workspaces: [...new Set(described)].slice(0, NAMED_MAX).join(', ') || '-',
    });
  }
}

/** Whose storage this is. The first thing that is read: with a wrong key nothing else is begun. */
export async function readInstallationIn(
  { storages, open }: Pick<Recovery, 'storages' | 'open'>,
  signal: AbortSignal,
): Promise<string> {
  for (const storage of storages) {
    const found = await installationIn(storage, open, signal);
    if (found === undefined) continue; // of a vault only where the hot one lost even this: it may hold older names
    if (found === null) throw new Failure('wrong_recovery_key');
    return found;
  }
  const [storage] = storages;
  throw new Failure('nothing_to_recover', { bucket: `${storage?.endpoint}/${storage?.bucket}` });
}

/** Null: the key opens no name there. */
async function installationIn(
  storage: Storage,
  open: Recovery['open'],
  signal: AbortSignal,
): Promise<string | null | undefined> {
  const named = await storage.list(INSTALLATION, signal);
  if (named.length === 0) return undefined;
  const name = await firstThatOpens(storage, named, open, signal);
  return name && Installation.parse(JSON.parse(name)).id;
}

/** While a master key is replaced, what both sealed lies side by side. */
async function firstThatOpens(
  storage: Storage,
  objects: readonly StoredObject[],
  open: Recovery['open'],
  signal: AbortSignal,
): Promise<string | null> {
  for (const { key } of objects) {
    const sealed = await storage.get(key, signal);
    try {
      if (sealed) return open(Buffer.from(sealed).toString());
    } catch (cause) {
      if (!isFailure(cause, 'wrong_password')) throw cause;
    }
  }
  return null;
}

/**
 * Builds the rows of a store that was lost, from what lies beside the data. Every workspace is asleep then; until a person
 * confirms, the engine only adopts what it finds running.
 */
export async function recoverStore(recovery: Recovery, signal: AbortSignal): Promise<Recovered> {
  const { storages, store, now } = recovery;
  const installation = await readInstallationIn(recovery, signal);
  const workspaces: Recovered['workspaces'][number][] = [];
  const { found, foreign } = await descriptions(recovery, signal);
  for (const description of found) {
    const { snapshots, unreadable } = await catalogueOf(description.id, rootsOf(description, storages), now, signal);
    const present = await namesIn(rootsOf(description, storages), signal);
    const kept = snapshots.filter(({ leaving }) => leaving === null);
    const missing = kept.filter(({ id }) => !present.has(id)).map(({ id }) => id);
    // Before their workspace, whose next claim is a later one than any of theirs.
    for (const one of snapshots)
      await store.save('snapshots', missing.includes(one.id) ? { ...one, ...NOT_THERE } : one);
    await store.save('workspaces', workspaceFrom(description, snapshots, recovery));
    workspaces.push({ id: description.id, snapshots: kept.length, missing, unreadable });
  }
  const came = await recoverAccounts(recovery, signal);
  await store.save('alerts', {
    id: alertId('recovered', null),
    version: 0,
    kind: 'recovered',
    workspace: null,
    raisedAt: now,
    why: `The store was built from storage: ${workspaces.length} workspaces.`,
    resolvedAt: null,
    resolvedBy: null,
  });
  return { installation, ...came, workspaces, foreign };
}

/** Their logins and tokens are over. A name that a workspace carries is somebody's, whether their account came back or not. */
async function recoverAccounts(
  { storages, open, store, now }: Recovery,
  signal: AbortSignal,
): Promise<Pick<Recovered, 'accounts' | 'reserved'>> {
  const accounts = await readAccounts(storages, open, signal);
  for (const account of accounts) await store.save('accounts', { ...account, version: 0, wordsSince: now });
  const known = new Set(accounts.map(({ id }) => id));
  const carried = (await store.list('workspaces')).flatMap(({ owner, shares }) => [
    owner,
    ...shares.map((share) => share.with),
  ]);
  const reserved = [...new Set(carried)].filter((name) => ACCOUNT_NAME.test(name) && !known.has(name)).toSorted();
  for (const id of reserved)
    await store.save('accounts', { ...NOBODYS, id, createdAt: now, endedAt: now, wordsSince: now });
  return { accounts: accounts.length, reserved };
}

/** No password opens it. */
const NOBODYS = { version: 0, role: 'viewer', password: '', createdBy: 'dumont recover', discord: null } as const;

const NOT_THERE = { status: 'FAILED', provedAt: null, errorMessage: 'its data is not in storage any more' } as const;

function workspaceFrom(description: Found, snapshots: readonly Snapshot[], { now, specDefaults }: Recovery): Workspace {
  const seconds = Math.floor(now / 1_000);
  return {
    ...description,
    spec: { ...specDefaults, ...description.spec },
    version: 0,
    claim: null,
    // Above any that was given out: claims count up from the second in which a workspace was made.
    epoch: snapshots.reduce((highest, { epoch }) => Math.max(highest, epoch), seconds),
    wish: { ...NO_CHOICE, want: 'asleep', by: 'dumont', at: now, why: 'the store was recovered', operation: '' },
    asks: [],
    fetches: [],
    jobs: [],
    keep: null,
    sequence: snapshots.reduce((highest, { sequence }) => Math.max(highest, sequence), 0) + TICKETS_OUT,
  };
}

type Found = Description & Pick<Workspace, 'destroying'>;

/** Of each workspace the one that was written last of those that open, wherever it lies. */
async function descriptions(
  { storages, open, now }: Recovery,
  signal: AbortSignal,
): Promise<{ readonly found: readonly Found[]; readonly foreign: readonly string[] }> {
  const listed = await Promise.all(
    storages.map(async (storage) => (await storage.list(DESCRIPTIONS, signal)).map((object) => ({ storage, object }))),
  );
  const known = Map.groupBy(listed.flat(), ({ object: { key } }) => describedBy(key));
  const destroyed = new Set(((await storages[0]?.list(DESTROYED, signal)) ?? []).map(({ key }) => key));
  const found: Found[] = [];
  const foreign: string[] = [];
  for (const [workspace, all] of known) {
    let text: string | null = null;
    for (const { storage, object } of all.toSorted((a, b) => b.object.writtenAt - a.object.writtenAt))
      text ??= await firstThatOpens(storage, [object], open, signal);
    const description = text === null ? null : (JSON.parse(text) as Description);
    if (!description) foreign.push(workspace);
    else if (!destroyed.has(destroyedKey(vaultName(description)))) found.push(description);
    else if (await isDescribedIn(listed[0] ?? [], description, open, signal))
      found.push({ ...description, destroying: { by: 'dumont', at: now } });
  }
  return { found: found.toSorted((a, b) => (a.id < b.id ? -1 : 1)), foreign: foreign.toSorted() };
}

/** A purge removes the description of the hot storage last: where that is there, the rest may be too. */
async function isDescribedIn(
  listed: readonly { readonly storage: Storage; readonly object: StoredObject }[],
  workspace: Description,
  open: Recovery['open'],
  signal: AbortSignal,
): Promise<boolean> {
  for (const { storage, object } of listed) {
    if (describedBy(object.key) !== workspace.id) continue;
    const text = await firstThatOpens(storage, [object], open, signal);
    if (text !== null && vaultName(JSON.parse(text) as Description) === vaultName(workspace)) return true;
  }
  return false;
}

const describedBy = (key: string): string => key.slice(DESCRIPTIONS.length).split('/')[0] ?? '';

/** Where a workspace lies in each storage: in the hot one by its name, in a vault by the name of that very one. */
interface Root {
  readonly storage: Storage;
  readonly name: string;
}

function rootsOf(description: Description, [hot, ...vaults]: readonly Storage[]): readonly Root[] {
  const beside = vaults.map((storage) => ({ storage, name: vaultName(description) }));
  return hot ? [{ storage: hot, name: description.id }, ...beside] : beside;
}

async function catalogueOf(
  workspace: string,
  roots: readonly Root[],
  now: number,
  signal: AbortSignal,
): Promise<{ readonly snapshots: readonly Snapshot[]; readonly unreadable: readonly string[] }> {
  const places = new Map<string, { readonly storage: Storage; readonly key: string; readonly pin: string | null }>();
  const removed = new Set<string>();
  for (const { storage, name } of roots) {
    const listed = await storage.list(besidePrefix(name), signal);
    for (const id of removedIn(listed, name)) removed.add(id);
    const names = new Set(listed.map(({ key }) => key));
    for (const key of names) {
      const id = key.slice(besidePrefix(name).length, -METADATA.length);
      if (key.endsWith(METADATA) && !places.has(id))
        places.set(id, { storage, key, pin: names.has(pinnedKey(name, id)) ? pinnedKey(name, id) : null });
    }
  }
  const snapshots: Snapshot[] = [];
  const unreadable: string[] = [];
  const left = [...places.values()];
  const next = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      try {
        const snapshot = readMetadata((await readFirst([one.storage], one.key, signal)) ?? '');
        if (snapshot.workspace !== workspace) throw new Error(`it is of ${snapshot.workspace}`);
        const pin = one.pin && (await readFirst([one.storage], one.pin, signal));
        snapshots.push({ ...snapshot, pinned: pin ? readDecision(pin) : snapshot.pinned });
      } catch (cause) {
        signal.throwIfAborted();
        if (isFailure(cause)) throw cause;
        unreadable.push(`${one.key}: ${reasonOf(cause)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  const leaving = { by: 'dumont', why: 'it was removed before the store was lost', at: now };
  const rows = snapshots.map((one) => (removed.has(one.id) ? { ...one, leaving } : one));
  return { snapshots: rows.toSorted((a, b) => a.sequence - b.sequence), unreadable };
}

/** What the vault alone has counts too: a wake brings it back. */
async function namesIn(roots: readonly Root[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const { storage, name } of roots)
    for (const { key } of await storage.list(`${repositoryPrefix(name)}snapshots/`, signal))
      names.add(key.slice(key.lastIndexOf('/') + 1));
  return names;
}

async function readFirst(storages: readonly Storage[], key: string, signal: AbortSignal): Promise<string | null> {
  for (const storage of storages) {
    const bytes = await storage.get(key, signal);
    if (bytes !== null) return Buffer.from(bytes).toString();
  }
  return null;
}

const METADATA = '/metadata.json';
const AT_ONCE = 16;
const NAMED_MAX = 5;
/** Numbers that machines may hold and have not used yet. */
const TICKETS_OUT = 1_000;
