import { randomInt } from 'node:crypto';
import type { Accounts } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { AccountsPorts, Living } from './accounts.ts';
import { hashOf } from './secret-words.ts';

const CODE_MS = 10 * 60_000;
const CODE_CHARACTERS = 10;
const LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** A person who is logged in here shows a code there: so both are one. */
export function linking(
  { store, clock }: AccountsPorts,
  living: Living,
): Pick<Accounts, 'linkCode' | 'link' | 'unlink' | 'byDiscord'> {
  return {
    async linkCode(account) {
      await living(account);
      const now = clock.now();
      for (const code of await store.list('link-codes'))
        if (code.account === account || code.expiresAt <= now) await store.remove('link-codes', code);
      const code = Array.from({ length: CODE_CHARACTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      const expiresAt = now + CODE_MS;
      await store.save('link-codes', { id: hashOf(code), version: 0, account, expiresAt });
      return { code, expiresAt };
    },

    async link(code, discord) {
      const row = await store.read('link-codes', hashOf(code.trim().toUpperCase()));
      if (!row || row.expiresAt <= clock.now()) throw new Failure('wrong_code');
      await store.remove('link-codes', row);
      const account = await living(row.account);
      for (const other of await store.list('accounts'))
        if (other.discord === discord && other.id !== account.id)
          await store.save('accounts', { ...other, discord: null });
      return await store.save('accounts', { ...account, discord });
    },

    async unlink(name) {
      const account = await living(name);
      return await store.save('accounts', { ...account, discord: null });
    },

    async byDiscord(discord) {
      const account = (await store.list('accounts')).find((one) => one.discord === discord && one.endedAt === null);
      return account ? { name: account.id, role: account.role, workspaces: null, by: 'discord' } : null;
    },
  };
}
