import { type Account, lesser, type Token, type Who } from '../domain/account.ts';
import type { Accounts } from '../domain/doors.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import { isSameSecret } from '../domain/same-secret.ts';
import type { AccountsPorts, Living } from './accounts.ts';
import { newWord, readWord, TOKEN } from './secret-words.ts';

const TOKENS_MAX = 100;
/** When it was last used is written down no more often than this. */
const USED_MS = 10 * 60_000;

/** Words for programs. They last until they are ended, so each can be given less power than its account has. */
export function tokens({ store, clock, newId }: AccountsPorts, living: Living) {
  const door: Pick<Accounts, 'tokens' | 'createToken' | 'endToken'> = {
    tokens: async (account) => (await mine(account)).toSorted((a, b) => a.createdAt - b.createdAt),

    async createToken(who, { name, role, workspaces, forMs }) {
      if ((await mine(who.name)).length >= TOKENS_MAX)
        throw new Failure('bad_request', { why: `There are ${TOKENS_MAX} tokens already; end some first.` });
      const now = clock.now();
      const id = newId('t');
      const { word, hash } = newWord(TOKEN, id);
      const token: Token = {
        id,
        version: 0,
        account: who.name,
        name,
        role: lesser(role ?? who.role, who.role), // one token does not make a stronger one
        workspaces: narrowed(who.workspaces, workspaces),
        secret: hash,
        createdAt: now,
        expiresAt: forMs === null ? null : now + forMs,
        usedAt: null,
      };
      return { token: await store.save('tokens', token), word };
    },

    async endToken(account, id) {
      const token = await store.read('tokens', id);
      if (token?.account !== account) throw new Failure('no_such_token', { token: id });
      await store.remove('tokens', token);
    },
  };

  return {
    door,

    async whose(word: string): Promise<Who> {
      const read = readWord(TOKEN, word);
      const token = read && (await store.read('tokens', read.id));
      const now = clock.now();
      if (!read || !token || !isSameSecret(read.hash, token.secret)) throw new Failure('bad_token');
      if (token.expiresAt !== null && token.expiresAt <= now) throw new Failure('bad_token');
      const account = await living(token.account);
      if (token.usedAt === null || now - token.usedAt > USED_MS) await noteUse(token, now);
      return { name: account.id, role: roleOf(token, account), workspaces: token.workspaces, by: 'token' };
    },

    async endAll(account: string): Promise<void> {
      for (const token of await mine(account)) await store.remove('tokens', token);
    },
  };

  async function mine(account: string): Promise<readonly Token[]> {
    return (await store.list('tokens')).filter((token) => token.account === account);
  }

  async function noteUse(token: Token, at: number): Promise<void> {
    await store.save('tokens', { ...token, usedAt: at }).catch((cause: unknown) => {
      if (!isFailure(cause, 'row_changed')) throw cause; // somebody else used it at the same moment
    });
  }
}

/** What its account lost since, it lost too. */
const roleOf = (token: Token, account: Account): Who['role'] => lesser(token.role, account.role);

function narrowed(own: readonly string[] | null, wanted: readonly string[] | null): readonly string[] | null {
  if (own === null || wanted === null) return wanted ?? own;
  return wanted.filter((name) => own.includes(name));
}
