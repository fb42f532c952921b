import { createHash } from 'node:crypto';
import type { Account } from '../domain/account.ts';
import { isFailure, reasonOf } from '../domain/failures.ts';
import { ACCOUNTS, accountsKey, accountsPrefix } from '../domain/layout.ts';
import type { Clock, Log, Storage, Store, Vault } from '../domain/ports.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';

export interface KeptAccounts {
  readonly store: Store;
  readonly storage: Storage;
  readonly vaults: readonly Pick<Vault, 'storage' | 'lockMs'>[];
  readonly key: { readonly mark: string; seal(plain: string): string };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps accounts beside the catalogue: were they lost with the store, somebody else could be given an owner's name. Sealed,
 * with their passwords hashed as the store has them; logins and tokens are not among them.
 */
export async function keepAccounts(work: KeptAccounts, signal: AbortSignal): Promise<void> {
  let kept = '';
  let keptAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    let waitMs = LOOK_MS;
    try {
      const text = await textOf(work.store);
      const now = work.clock.now();
      if (text !== kept || now - keptAt >= AGAIN_MS) {
        await bringUp(work, signal);
        kept = text;
        keptAt = now;
      }
    } catch (cause) {
      signal.throwIfAborted();
      waitMs = RETRY_MS;
      work.log('accounts.not_kept', { why: reasonOf(cause) }, isFailure(cause) ? 'WARNING' : 'ERROR');
    }
    await work.clock.sleep(waitMs, signal);
  }
}

async function bringUp({ store, storage, vaults, key, clock }: KeptAccounts, signal: AbortSignal): Promise<void> {
  const name = await putAccounts({ store, storages: [storage, ...vaults.map((vault) => vault.storage)], key }, signal);
  if (name === null || (await onlyAdopts({ store }))) return;
  // What another key sealed goes when everything is sealed anew.
  for (const old of await storage.list(accountsPrefix(key.mark), signal))
    if (old.key !== name) await storage.remove(old.key, signal);
  for (const vault of vaults)
    for (const old of await vault.storage.list(ACCOUNTS, signal))
      if (old.key !== name && clock.now() - old.writtenAt > vault.lockMs) await vault.storage.remove(old.key, signal);
}

/** Into each storage, beside those that are there. Returns where; null while there are none. */
export async function putAccounts(
  { store, storages, key }: Pick<KeptAccounts, 'store' | 'key'> & { readonly storages: readonly Storage[] },
  signal: AbortSignal,
): Promise<string | null> {
  const text = await textOf(store);
  if (text === '[]') return null;
  const name = accountsKey(key.mark, createHash('sha256').update(text).digest('hex').slice(0, 16));
  const there = async (storage: Storage): Promise<boolean> => (await storage.list(name, signal)).length > 0;
  for (const storage of storages) {
    if (await there(storage)) continue;
    try {
      await storage.put(name, Buffer.from(key.seal(text)), signal, { onlyIfAbsent: true });
    } catch (cause) {
      // A vault lets nothing be written twice: not when an answer is lost, nor while a new master key does the same.
      if (!isFailure(cause) || !(await there(storage))) throw cause;
    }
  }
  return name;
}

/** Those that were written last of all that open, wherever they lie; none where nothing opens. */
export async function readAccounts(
  storages: readonly Storage[],
  open: (sealed: string) => string,
  signal: AbortSignal,
): Promise<readonly Account[]> {
  const found: { readonly writtenAt: number; readonly accounts: readonly Account[] }[] = [];
  for (const storage of storages)
    for (const { key, writtenAt } of await storage.list(ACCOUNTS, signal)) {
      const sealed = await storage.get(key, signal);
      const text = sealed && textIn(Buffer.from(sealed).toString(), open);
      if (text) found.push({ writtenAt, accounts: JSON.parse(text) as readonly Account[] });
    }
  // Storage may count in whole seconds; each change counts a row's version up.
  const [last] = found.toSorted((a, b) => b.writtenAt - a.writtenAt || changes(b.accounts) - changes(a.accounts));
  return last?.accounts ?? [];
}

function textIn(sealed: string, open: (sealed: string) => string): string | null {
  try {
    return open(sealed);
  } catch (cause) {
    if (isFailure(cause, 'wrong_password')) return null;
    throw cause;
  }
}

async function textOf(store: Store): Promise<string> {
  return JSON.stringify((await store.list('accounts')).toSorted((a, b) => (a.id < b.id ? -1 : 1)));
}

const changes = (accounts: readonly Account[]): number => accounts.reduce((sum, { version }) => sum + version, 0);

const LOOK_MS = 3_000;
const RETRY_MS = 60_000;
/** In case somebody took it away in storage. */
const AGAIN_MS = 24 * 3_600_000;
