import { gunzipSync } from 'node:zlib';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import {
  absentKey,
  besidePrefix,
  DESTROYED,
  descriptionPrefix,
  INSTALLATION,
  keysPrefix,
  manifestKey,
  metadataKey,
  removedIn,
  removedKey,
  repositoryPrefix,
  vaultName,
} from '../domain/layout.ts';
import type { Ports, StoredObject, Vault } from '../domain/ports.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { readManifest } from '../policy/manifest-change.ts';
import { type Stages, type VaultPlan, vaultPlan } from '../policy/vault.ts';
import { challenge } from './challenge.ts';
import { onlyAdopts } from './only-adopts.ts';
import { update } from './update.ts';

export interface Vaulted {
  readonly copied: number;
  readonly bytes: number;
  readonly mended: number;
  readonly dropped: number;
  /** What the vault holds of the workspace. */
  readonly held: { readonly bytes: number; readonly objects: number };
}

/**
 * Brings a vault up to what the hot repository holds, inside storage and past no machine. It counts only when the vault
 * itself was read: every object is there as it was, and files of the newest snapshot come out of it as they went in.
 */
export async function intoVault(
  workspace: Workspace,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<Vaulted> {
  const { plan, snapshots, fault } = await compare(workspace, vault, ports, signal);
  const mended = await carry(
    await withoutFormer(plan.mend, workspace, vault, signal),
    intoHot(workspace, vault, ports),
    signal,
  );
  if (mended > 0) await tellMended(workspace, vault, mended, ports);
  else if (fault !== null) throw new Failure('repository_damaged', { workspace: workspace.id, why: fault });
  const copied = await carry(plan.copy, outOfHot(workspace, vault, ports), signal);
  await nameInstallation(vault, ports, signal);
  const there = await heldBy(vault, workspace, signal);
  check(plan.copy.flat(), there);
  const counted = snapshots.filter(({ id }) => there.some(({ key }) => key.endsWith(`/snapshots/${id}`)));
  if (vault.name === 'vault') {
    const fresh = counted.filter(({ vaultedAt }) => vaultedAt === null);
    if (fresh.length > 0) await prove(workspace, newestGood(fresh) ?? fresh[0]!, vault, ports, signal);
    for (const { id } of fresh) {
      const vaultedAt = ports.clock.now();
      await update(ports.store, 'snapshots', id, (row) => ({ ...row, vaultedAt }));
    }
  }
  const dropped = await drop(workspace, plan, vault, ports, signal);
  await writeAbsent(workspace, vault, plan.absent, ports, signal);
  const bytes = there.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const copiedBytes = plan.copy.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { copied, bytes: copiedBytes, mended, dropped, held: { bytes, objects: there.length } };
}

/** That a snapshot was removed need not be known any more once every vault has let go of it. */
export async function forgetRemoved(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<void> {
  const { id } = workspace;
  const removed = removedIn(await ports.storage.list(besidePrefix(id), signal), id);
  const known = new Set((await ports.store.list('snapshots')).map((snapshot) => snapshot.id));
  const over = [...removed].filter((one) => !known.has(one));
  if (over.length === 0) return;
  const name = vaultName(workspace);
  const listed = await Promise.all(ports.vaults.map(({ storage }) => storage.list(besidePrefix(name), signal)));
  const held = new Set(listed.flat().map(({ key }) => key));
  for (const one of over)
    if (!held.has(metadataKey(name, one))) await ports.storage.remove(removedKey(id, one), signal);
}

/** Brings back what the hot repository has lost and a vault still has. Returns how many objects came. */
export async function mend(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<number> {
  const row = await ports.store.read('workspaces', workspace.id);
  if (row?.createdAt !== workspace.createdAt || row.destroying) return 0; // what lacks there was removed
  for (const vault of ports.vaults) {
    const { plan } = await compare(workspace, vault, ports, signal);
    const lost = await withoutFormer(plan.mend, workspace, vault, signal);
    const mended = await carry(lost, intoHot(workspace, vault, ports), signal);
    if (mended === 0) continue;
    await tellMended(workspace, vault, mended, ports);
    return mended;
  }
  return 0;
}

/**
 * Looks whether what a restore begins with is there, before any machine asks for it: what opens the repository, the name of
 * the snapshot, and each object as the vault has it. Costs a few lists; what is amiss is mended.
 */
export async function validate(
  workspace: Workspace,
  snapshot: Snapshot,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const [vault] = ports.vaults;
  if (!vault) return;
  const prefix = repositoryPrefix(workspace.id);
  const [hot, there] = await Promise.all([ports.storage.list(prefix, signal), heldBy(vault, workspace, signal)]);
  const found = new Map(hot.map((one) => [one.key, one.etag]));
  const differs = there.some(({ key, etag }) => (found.get(key) ?? etag) !== etag); // what lies beside is not in `found`
  // Most of them were taken out, which only restic can tell.
  const packs = there.some(({ key }) => !found.has(key) && /\/repo\/(data|index)\//.test(key));
  const missing = there.filter(({ key }) => !found.has(key) && /\/repo\/(config|keys\/.*)$/.test(key));
  const opens = (await withoutFormer([missing], workspace, vault, signal)).flat().length === 0;
  if (opens && !differs && !packs && found.has(`${prefix}snapshots/${snapshot.id}`)) return;
  await mend(workspace, ports, signal);
}

async function compare(
  workspace: Workspace,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ readonly plan: VaultPlan; readonly snapshots: readonly Snapshot[]; readonly fault: string | null }> {
  const repository = repositoryPrefix(workspace.id);
  // What names something is listed before what it names, so that what is written meanwhile is never half in the list.
  const listed: StoredObject[] = [];
  for (const folder of ['snapshots/', 'index/', 'data/', 'keys/', 'config'])
    listed.push(...(await ports.storage.list(`${repository}${folder}`, signal)));
  const beside = await ports.storage.list(besidePrefix(workspace.id), signal);
  const described = await ports.storage.list(descriptionPrefix(workspace.id), signal);
  const fault = await faultOf(workspace, ports, signal);
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  const sight = {
    workspace: workspace.id,
    hot: [...listed, ...beside, ...described],
    vault: await heldBy(vault, workspace, signal),
    snapshots,
    sound: fault === null,
    absent: await readAbsent(workspace, vault, ports, signal),
    lockMs: vault.lockMs,
    now: ports.clock.now(),
  };
  return { plan: vaultPlan(sight), snapshots, fault };
}

/** What is wrong with the hot one, or null. One that does not open has lost what opens it. */
async function faultOf(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<string | null> {
  try {
    const [first = null] = await ports.repositories.check(workspace, { readData: null }, signal);
    return first;
  } catch (cause) {
    if (!isFailure(cause, 'no_repository', 'wrong_password', 'restore_failed')) throw cause;
    return reasonOf(cause);
  }
}

/** A key under a password that was replaced is not lost: it is meant to be gone. */
async function withoutFormer(stages: Stages, workspace: Workspace, vault: Vault, signal: AbortSignal): Promise<Stages> {
  if (!stages.flat().some(({ key }) => key.startsWith(keysPrefix(workspace.id)))) return stages;
  const there = { ...workspace, id: vaultName(workspace) };
  const former = new Set(await vault.repositories.formerKeys(there, signal));
  return stages.map((stage) => stage.filter(({ key }) => !former.has(keyIn(workspace, key))));
}

/** What opens the repository is there before anything depends on it. */
export async function keysIntoVault(
  workspace: Workspace,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const keys = await ports.storage.list(keysPrefix(workspace.id), signal);
  await carry([keys], outOfHot(workspace, vault, ports), signal);
}

/** Each stage whole before the next begins, many at once in each: they are copied inside storage, which is mostly waiting. */
async function carry(stages: Stages, way: Way, signal: AbortSignal): Promise<number> {
  let carried = 0;
  for (const stage of stages) {
    const left = [...stage];
    const next = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) {
        await way(one, signal);
        carried += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }
  return carried;
}

/** Objects are spoken of by their names in the hot repository. */
type Way = (object: StoredObject, signal: AbortSignal) => Promise<void>;

function outOfHot(workspace: Workspace, { storage }: Vault, ports: Ports): Way {
  return async (object, signal) =>
    await storage.copyFrom(ports.storage, object, { as: keyIn(workspace, object.key), replace: false }, signal);
}

function intoHot(workspace: Workspace, { storage }: Vault, ports: Ports): Way {
  return async (object, signal) => {
    const there = { ...object, key: keyIn(workspace, object.key) };
    await ports.storage.copyFrom(storage, there, { as: object.key, replace: true }, signal);
  };
}

function keyIn(workspace: Workspace, key: string): string {
  return key.startsWith(`${workspace.id}/`) ? `${vaultName(workspace)}${key.slice(workspace.id.length)}` : key;
}

function check(copied: readonly StoredObject[], there: readonly StoredObject[]): void {
  const found = new Map(there.map((one) => [one.key, one]));
  const wrong = copied.find((one) => found.get(one.key)?.sizeBytes !== one.sizeBytes);
  if (wrong) throw new Failure('vault_differs', { why: `${wrong.key} is not there as it was copied` });
}

/** Some files of it are read out of the vault alone and compared with what its machine had hashed. */
async function prove(
  workspace: Workspace,
  snapshot: Snapshot,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const refuse = (why: string): never => {
    throw new Failure('vault_differs', { why });
  };
  const id = snapshot.id;
  const there = { ...workspace, id: vaultName(workspace) };
  if (!(await vault.repositories.snapshot(there, id, signal))) refuse(`snapshot ${id.slice(0, 8)} is not in it`);
  const manifest = await vault.storage.get(manifestKey(there.id, id), signal);
  const { manifestBase } = snapshot;
  const base = manifestBase && (await vault.storage.get(manifestKey(there.id, manifestBase), signal));
  if (!manifest) return refuse(`the list of snapshot ${id.slice(0, 8)} is not in it`);
  const lines = readManifest(gunzipSync(manifest), base ? gunzipSync(base) : null, snapshot.contentHash);
  const files = lines.filter(({ sha256 }) => sha256 !== undefined);
  const paths = challenge(files, ports, { last: false });
  if (paths.length === 0) return;
  const written = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const stored = await vault.repositories.digests(there, id, paths, signal);
  const differing = paths.filter((path) => stored.get(path) !== written.get(path));
  if (differing.length > 0) refuse(`it gives back another ${differing.slice(0, 3).join(', ')}`);
}

/** What a lock still holds goes another time. */
async function drop(
  workspace: Workspace,
  plan: VaultPlan,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<number> {
  let dropped = 0;
  for (const { key } of plan.drop.flat()) {
    try {
      await vault.storage.remove(keyIn(workspace, key), signal);
      dropped += 1;
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause, 'storage_refused')) throw cause;
      ports.log('vault.locked', { key, why: reasonOf(cause) }, 'WARNING');
      return dropped;
    }
  }
  return dropped;
}

async function heldBy(vault: Vault, workspace: Workspace, signal: AbortSignal): Promise<readonly StoredObject[]> {
  const { id } = workspace;
  const name = vaultName(workspace);
  const own = await vault.storage.list(`${name}/`, signal);
  return [
    ...own.map((one) => ({ ...one, key: `${id}${one.key.slice(name.length)}` })),
    ...(await vault.storage.list(descriptionPrefix(id), signal)),
  ];
}

/** Whose all this is: without it nothing could be recovered from the vault alone. */
async function nameInstallation(vault: Vault, ports: Ports, signal: AbortSignal): Promise<void> {
  const [here, there] = await Promise.all([ports.storage, vault.storage].map((one) => one.list(INSTALLATION, signal)));
  const lacks = here?.filter(({ key }) => !there?.some((one) => one.key === key)) ?? [];
  for (const one of lacks) await vault.storage.copyFrom(ports.storage, one, { as: one.key, replace: false }, signal);
  if (!here?.length) return;
  // Under a master key that was replaced.
  const old = there?.filter(({ key }) => !here.some((one) => one.key === key)) ?? [];
  for (const { key, writtenAt } of old)
    if (ports.clock.now() - writtenAt > vault.lockMs) await vault.storage.remove(key, signal);
}

async function readAbsent(
  workspace: Workspace,
  vault: Vault,
  ports: Ports,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const bytes = await ports.storage.get(absentKey(workspace.id, vault.name), signal);
  return new Map(bytes ? (JSON.parse(Buffer.from(bytes).toString()) as [string, number][]) : []);
}

async function writeAbsent(
  workspace: Workspace,
  vault: Vault,
  absent: ReadonlyMap<string, number>,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const before = await readAbsent(workspace, vault, ports, signal);
  if (before.size === absent.size && [...absent].every(([key, at]) => before.get(key) === at)) return;
  await ports.storage.put(absentKey(workspace.id, vault.name), Buffer.from(JSON.stringify([...absent])), signal);
}

async function tellMended(workspace: Workspace, vault: Vault, objects: number, ports: Ports): Promise<void> {
  ports.log('repository.mended', { workspace: workspace.id, from: vault.name, objects }, 'WARNING');
  ports.tell({ event: 'repository.mended', workspace: workspace.id, from: vault.name, objects });
}

const AT_ONCE = 16;

/** What vaults still have of workspaces that were destroyed goes when its lock has ended. */
export async function forgetDestroyed(ports: Ports, signal: AbortSignal): Promise<void> {
  if (await onlyAdopts(ports)) return;
  for (const { key, writtenAt } of await ports.storage.list(DESTROYED, signal)) {
    const name = key.slice(DESTROYED.length);
    const id = name.slice(0, name.lastIndexOf('.'));
    const row = await ports.store.read('workspaces', id);
    if (row && vaultName(row) === name) {
      // The row is told first that it goes: one that was not is alive, in a store that was put back, say.
      if (!row.destroying) await ports.storage.remove(key, signal);
      continue;
    }
    const longest = Math.max(0, ...ports.vaults.map(({ lockMs }) => lockMs));
    if (ports.clock.now() - writtenAt <= longest) continue;
    const again = row !== null;
    for (const { storage } of ports.vaults) {
      const described = again ? [] : await storage.list(descriptionPrefix(id), signal);
      for (const one of [...(await storage.list(`${name}/`, signal)), ...described])
        await storage.remove(one.key, signal);
    }
    await ports.storage.remove(key, signal);
    ports.log('vault.forgot', { workspace: id });
  }
}
