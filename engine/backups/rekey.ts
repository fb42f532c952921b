import { Failure, isFailure, sentence } from '../domain/failures.ts';
import { imagePrefix, keysPrefix, vaultName } from '../domain/layout.ts';
import type { Ports } from '../domain/ports.ts';
import { noUpkeep } from '../domain/upkeep.ts';
import type { Workspace } from '../domain/workspace.ts';
import { describe } from '../steps/describe.ts';
import { knownWorkspaces } from '../steps/known-workspaces.ts';
import { endOperation } from '../steps/operation.ts';
import { update } from '../steps/update.ts';
import { keysIntoVault } from '../steps/vault.ts';

/**
 * Gives a repository another password. The new one opens it, and its copies, before anything is opened with it; the old one
 * goes when it is written down nowhere any more and no machine holds it. Done again it goes on where it was, so that at
 * every moment the store, what lies beside the data and each vault have a password that opens what is there.
 */
export async function rekey(operation: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const { store, repositories } = ports;
  const asked = await store.read('operations', operation);
  if (!asked || asked.endedAt !== null || !asked.intent || !('rekey' in asked.intent)) return;
  const { sealedPassword } = asked.intent.rekey;
  try {
    const before = await store.read('workspaces', asked.workspace);
    if (!before)
      throw new Failure('no_such_workspace', {
        workspace: asked.workspace,
        known: (await knownWorkspaces(ports)) || '-',
      });
    for (const { storage } of ports.vaults) {
      const { length: count } = await storage.list(keysPrefix(vaultName(before)), signal);
      if (count >= KEYS_MAX) throw new Failure('too_many_keys', { workspace: before.id, count });
    }
    await repositories.ensure(before, signal);
    await repositories.addPassword(before, sealedPassword, signal);
    for (const vault of ports.vaults) await keysIntoVault(before, vault, ports, signal);
    const workspace = await update(store, 'workspaces', before.id, (row) => ({ ...row, sealedPassword }));
    if (!workspace)
      throw new Failure('no_such_workspace', { workspace: before.id, known: (await knownWorkspaces(ports)) || '-' });
    await describe(workspace, ports, signal);
    const dropped = await dropFormerKeys(workspace, ports, signal);
    if (dropped === null) await remember(workspace.id, ports);
    const say = `${workspace.id} has another password. ${wordsOf(dropped)}`;
    await endOperation(operation, { ok: true, say, facts: {} }, ports);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.row.retry) throw cause;
    const { code, facts } = cause;
    await endOperation(operation, { ok: false, code, say: sentence(code, facts), facts }, ports);
  }
}

function wordsOf(dropped: Dropped | null): string {
  if (dropped === null)
    return `Its machine has the old one until it is gone; minutes later that opens nothing in the hot storage. The wake image goes then too: ${WITHOUT_IMAGE}.`;
  const old = 'The old one opens nothing in the hot storage any more.';
  return dropped.image ? `${old} The wake image is removed with it: ${WITHOUT_IMAGE}.` : old;
}

const WITHOUT_IMAGE = 'the next wake comes with restic';

/** So that the upkeep looks as soon as that machine is gone. */
async function remember(workspace: string, { store }: Ports): Promise<void> {
  if (!(await store.read('upkeep', workspace))) await store.save('upkeep', noUpkeep(workspace));
  await update(store, 'upkeep', workspace, (row) => ({ ...row, formerKeys: true }));
}

interface Dropped {
  /** There was a wake image, which opened with them alone. */
  readonly image: boolean;
}

/** Only while no machine is there, which may have been given the old one; null: one is. A wake image opens with nothing else either. */
export async function dropFormerKeys(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<Dropped | null> {
  const machines = (await ports.store.list('machines')).filter((machine) => machine.workspace === workspace.id);
  if (!machines.every(({ state }) => state === 'gone')) return null;
  const former = await ports.repositories.formerKeys(workspace, signal);
  if (former.length === 0) return { image: false };
  const image = await ports.storage.list(imagePrefix(workspace.id), signal);
  for (const key of [...image.map((one) => one.key), ...former]) await ports.storage.remove(key, signal);
  ports.log('keys.dropped', { workspace: workspace.id, keys: former.length, imageObjects: image.length });
  return { image: image.length > 0 };
}

/** restic tries twenty; one more may come of a try that was killed. */
const KEYS_MAX = 18;
