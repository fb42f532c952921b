import { Failure, isFailure } from '../domain/failures.ts';
import { ACCOUNTS, descriptionPrefix, INSTALLATION, installationKey } from '../domain/layout.ts';
import type { Storage, Store } from '../domain/ports.ts';
import { putDescription } from '../steps/describe.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { update } from '../steps/update.ts';
import { putAccounts } from './kept-accounts.ts';

export interface SealAnew {
  readonly store: Store;
  /** The hot one first. */
  readonly storages: readonly [Storage, ...Storage[]];
  readonly installation: string;
  /** Opens what the old key sealed, and what the new one did. */
  readonly open: (sealed: string) => string;
  /** The new one alone. */
  readonly fresh: { readonly mark: string; seal(plain: string): string; open(sealed: string, of: string): string };
}

/**
 * Seals with the new master key all that the old one sealed: rows first, then what lies beside the data, and the name of the
 * installation last, which tells that everything of the new key is there. Only then the old goes, its name first, so that at
 * every moment one of the two recovery keys brings all of it back. Done again it goes on where it was.
 */
export async function sealAnew(
  { store, storages, installation, open, fresh }: SealAnew,
  signal: AbortSignal,
): Promise<void> {
  // What the old key sealed is removed in the end; until a person looked both open.
  if (await onlyAdopts({ store })) throw new Failure('recovery_unconfirmed');
  const [hot, ...vaults] = storages;
  const anew = (sealed: string): string => (isSealedBy(fresh, sealed) ? sealed : fresh.seal(open(sealed)));
  for (const { id } of await store.list('operations'))
    await update(store, 'operations', id, (row) => {
      const { intent } = row;
      const holds = intent && ('give' in intent ? intent.give : 'rekey' in intent ? intent.rekey : null);
      if (!intent || !holds || isSealedBy(fresh, holds.sealedPassword)) return null;
      const sealedPassword = anew(holds.sealedPassword);
      return {
        ...row,
        intent: 'give' in intent ? { give: { ...intent.give, sealedPassword } } : { rekey: { sealedPassword } },
      };
    });
  const keys = new Set<string>();
  for (const { id } of await store.list('workspaces')) {
    const workspace = await update(store, 'workspaces', id, (row) =>
      isSealedBy(fresh, row.sealedPassword) ? null : { ...row, sealedPassword: anew(row.sealedPassword) },
    );
    if (workspace) keys.add(await putDescription(workspace, { storage: hot, seal: fresh.seal }, signal));
  }
  await putAccounts({ store, storages, key: fresh }, signal);
  const own = installationKey(fresh.mark);
  if ((await hot.get(own, signal)) === null)
    await hot.put(own, Buffer.from(fresh.seal(JSON.stringify({ id: installation }))), signal);
  for (const vault of vaults) {
    for (const key of [...keys, own]) await copy(hot, vault, key, signal);
  }
  const old = (sealed: string): boolean => !isSealedBy(fresh, sealed) && isSealedBy({ open }, sealed);
  const described = (await store.list('workspaces')).map(({ id }) => descriptionPrefix(id));
  for (const prefix of [INSTALLATION, ACCOUNTS, ...described])
    for (const { key } of await hot.list(prefix, signal)) {
      const sealed = await hot.get(key, signal);
      if (sealed && old(Buffer.from(sealed).toString())) await hot.remove(key, signal);
    }
}

async function copy(hot: Storage, vault: Storage, key: string, signal: AbortSignal): Promise<void> {
  const [object] = (await hot.list(key, signal)).filter((one) => one.key === key);
  const there = (await vault.list(key, signal)).some((one) => one.key === key);
  if (object && !there) await vault.copyFrom(hot, object, { as: key, replace: false }, signal);
}

function isSealedBy(key: Pick<SealAnew['fresh'], 'open'>, sealed: string): boolean {
  try {
    key.open(sealed, '-');
    return true;
  } catch (cause) {
    if (isFailure(cause, 'wrong_password')) return false;
    throw cause;
  }
}
