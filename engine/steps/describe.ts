import { createHash } from 'node:crypto';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { descriptionKey, descriptionPrefix } from '../domain/layout.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/** What storage keeps of a workspace besides its snapshots: what a person decided, and the password of its repository. */
export type Description = Omit<Workspace, keyof typeof PASSING>;

/** Only the store knows these, and they can be made anew. */
const PASSING = {
  version: true,
  claim: true,
  epoch: true,
  wish: true,
  asks: true,
  fetches: true,
  jobs: true,
  keep: true,
  sequence: true,
  destroying: true,
} as const;

export function descriptionOf(workspace: Workspace): Description {
  return Object.fromEntries(Object.entries(workspace).filter(([name]) => !(name in PASSING))) as Description;
}

/**
 * Sealed, since it holds people's variables, and named by its content, so that a copy in a vault is never written over. It
 * must be there before the first backup: without the password in it nobody could read that.
 */
export async function describe(
  workspace: Workspace,
  ports: Pick<Ports, 'storage' | 'seal' | 'unseal'>,
  signal: AbortSignal,
): Promise<void> {
  const there = await ports.storage.list(descriptionPrefix(workspace.id), signal);
  const key = await putDescription(workspace, ports, signal);
  for (const old of there)
    if (old.key !== key && (await isOwn(old.key, ports, signal))) await ports.storage.remove(old.key, signal);
}

/** What another key sealed may be all that is left of another installation's password. */
async function isOwn(
  key: string,
  { storage, unseal }: Pick<Ports, 'storage' | 'unseal'>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    unseal(Buffer.from((await storage.get(key, signal)) ?? '').toString());
    return true;
  } catch (cause) {
    if (isFailure(cause, 'wrong_password')) return false;
    throw cause;
  }
}

/** A name that the store does not know is free only when storage does not either: it may be of a store that was lost. */
export async function mustBeNew(name: string, { storage }: Pick<Ports, 'storage'>): Promise<void> {
  const there = await storage.list(descriptionPrefix(name), AbortSignal.timeout(WRITE_MS));
  if (there.length > 0) throw new Failure('workspace_in_storage', { workspace: name });
}

/** Beside those that are there. Returns where. */
export async function putDescription(
  workspace: Workspace,
  { storage, seal }: Pick<Ports, 'storage' | 'seal'>,
  signal: AbortSignal,
): Promise<string> {
  const text = JSON.stringify(descriptionOf(workspace));
  const key = descriptionKey(workspace.id, createHash('sha256').update(text).digest('hex').slice(0, 16));
  const there = await storage.list(key, signal);
  if (there.length === 0) await storage.put(key, Buffer.from(seal(text)), signal);
  return key;
}

/** What a person decided stands, whether storage answers right now or not: it is written again at the next wake. */
export async function tryToDescribe(
  workspace: Workspace,
  ports: Pick<Ports, 'storage' | 'seal' | 'unseal' | 'log'>,
): Promise<void> {
  try {
    await describe(workspace, ports, AbortSignal.timeout(WRITE_MS));
  } catch (cause) {
    if (!isFailure(cause)) throw cause;
    ports.log('workspace.not_described', { workspace: workspace.id, why: reasonOf(cause) }, 'WARNING');
  }
}

const WRITE_MS = 20_000;
