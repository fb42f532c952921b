import { ACCOUNT_NAME, type Account, PASSWORD_CHARACTERS_MIN, type Who } from '../domain/account.ts';
import type { Accounts, Login } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Clock, Store } from '../domain/ports.ts';
import { isSameSecret } from '../domain/same-secret.ts';
import { accessWords } from './access-words.ts';
import { countAttempts } from './attempts.ts';
import { linking } from './linking.ts';
import { hashPassword, isPassword, NOBODYS_PASSWORD, newPassword } from './passwords.ts';
import { newWord, REFRESH, readWord, TOKEN } from './secret-words.ts';
import { tokens } from './tokens.ts';

export interface AccountsPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: (prefix: string) => string;
  /** From the master key: a key for one purpose. */
  readonly derive: (purpose: string) => Uint8Array;
}

const FIRST = 'admin';
const SESSION_MS = 30 * 24 * 3_600_000;

/** Who may come in, and what they show at the door. */
export function openAccounts(ports: AccountsPorts): Accounts {
  const { store, clock, newId } = ports;
  const access = accessWords(ports.derive, clock.now);
  const attempts = countAttempts(clock.now);
  const words = tokens(ports, living);

  return {
    ...words.door,
    ...linking(ports, living),

    async whose(word) {
      if (word.startsWith(`${TOKEN}_`)) return await words.whose(word);
      const { account, session, issuedAt } = await access.read(word);
      const row = await store.read('accounts', account);
      const open = await store.read('sessions', session);
      // A word is dated in whole seconds.
      if (!row || row.endedAt !== null || open?.account !== account || issuedAt < seconds(row.wordsSince))
        throw new Failure('bad_token');
      return whoOf(row, 'password');
    },

    async login(name, password, from) {
      const [ofName, ofAddress] = [`name ${name}`, `from ${from}`];
      mustNotWait(attempts.begin(ofName));
      // Others may guess from the address of somebody who knows their password: that one comes in all the same.
      const waitMs = attempts.begin(ofAddress);
      const row = await store.read('accounts', name);
      const account = row && row.endedAt === null ? row : null;
      // The same work for a name that nobody has, so that a stranger learns nothing.
      const right = await isPassword(password, account?.password ?? NOBODYS_PASSWORD);
      if (!account || !right) {
        mustNotWait(waitMs);
        throw new Failure('wrong_login');
      }
      attempts.forget(ofName);
      if (waitMs === 0) attempts.takeBack(ofAddress); // no more than this one: they may still be guessing at others
      await forgetOld();
      const now = clock.now();
      const id = newId('s');
      const { word, hash } = newWord(REFRESH, id);
      const expiresAt = now + SESSION_MS;
      await store.save('sessions', {
        id,
        version: 0,
        account: name,
        secret: hash,
        createdAt: now,
        usedAt: now,
        expiresAt,
      });
      return await loginOf(account, id, word);
    },

    async refresh(given) {
      const read = readWord(REFRESH, given);
      const session = read && (await store.read('sessions', read.id));
      if (!read || !session || session.expiresAt <= clock.now()) throw new Failure('bad_token');
      if (!isSameSecret(read.hash, session.secret)) {
        // It was good once, so somebody else has used it since, or has the newer one: nobody goes on with either.
        await store.remove('sessions', session);
        throw new Failure('used_twice', { account: session.account });
      }
      const account = await living(session.account);
      const { word, hash } = newWord(REFRESH, session.id);
      await store.save('sessions', { ...session, secret: hash, usedAt: clock.now() }).catch(async () => {
        throw new Failure('bad_token'); // two used it at the same moment
      });
      return await loginOf(account, session.id, word);
    },

    async logout(given) {
      const read = readWord(REFRESH, given);
      const session = read && (await store.read('sessions', read.id));
      if (read && session && isSameSecret(read.hash, session.secret)) await store.remove('sessions', session);
    },

    list: async () => (await store.list('accounts')).toSorted((a, b) => (a.id < b.id ? -1 : 1)),

    async create(name, role, by, given) {
      if (!ACCOUNT_NAME.test(name))
        throw new Failure('bad_request', {
          why: `"${name}" is not a name for an account: small letters, digits, . _ -`,
        });
      const password = given ?? newPassword();
      mustBeStrong(password);
      if (await store.read('accounts', name)) throw new Failure('account_exists', { account: name });
      const now = clock.now();
      const account: Account = {
        id: name,
        version: 0,
        role,
        password: await hashPassword(password),
        createdAt: now,
        createdBy: by,
        endedAt: null,
        wordsSince: now,
        discord: null,
      };
      return { account: await store.save('accounts', account), password };
    },

    async change(name, { role, ended, password }) {
      const account = await find(name);
      const now = clock.now();
      if (password !== undefined) mustBeStrong(password);
      const leaves = account.role === 'admin' && account.endedAt === null && (ended || (role && role !== 'admin'));
      if (leaves && (await admins()).length === 1) throw new Failure('last_admin', { account: name });
      const changed = await store.save('accounts', {
        ...account,
        role: role ?? account.role,
        endedAt: ended === undefined ? account.endedAt : ended ? now : null,
        password: password === undefined ? account.password : await hashPassword(password),
        wordsSince: password !== undefined || ended ? now : account.wordsSince,
      });
      // Whoever knew the old password may have made tokens with it.
      if (password !== undefined || ended) await Promise.all([endAll(name), words.endAll(name)]);
      return changed;
    },

    async isPassword(name, password) {
      mustNotWait(attempts.begin(`name ${name}`));
      const right = await isPassword(password, (await find(name)).password);
      if (right) attempts.takeBack(`name ${name}`);
      return right;
    },

    async begin() {
      if ((await admins()).length > 0) return null;
      // After a recovery the name may be there already, kept for whoever had it.
      if (!(await store.read('accounts', FIRST)))
        return { name: FIRST, password: (await this.create(FIRST, 'admin', 'first start')).password };
      const password = newPassword();
      await this.change(FIRST, { role: 'admin', ended: false, password });
      return { name: FIRST, password };
    },
  };

  async function find(name: string): Promise<Account> {
    const account = await store.read('accounts', name);
    if (!account) throw new Failure('no_such_account', { account: name });
    return account;
  }

  async function living(name: string): Promise<Account> {
    const account = await store.read('accounts', name);
    if (!account || account.endedAt !== null) throw new Failure('bad_token');
    return account;
  }

  async function admins(): Promise<readonly Account[]> {
    return (await store.list('accounts')).filter(({ role, endedAt }) => role === 'admin' && endedAt === null);
  }

  async function loginOf(account: Account, session: string, refresh: string): Promise<Login> {
    const { word, expiresAt } = await access.sign(account.id, session);
    return { access: word, expiresAt, refresh, who: whoOf(account, 'password') };
  }

  async function endAll(name: string): Promise<void> {
    for (const session of await store.list('sessions'))
      if (session.account === name) await store.remove('sessions', session);
  }

  async function forgetOld(): Promise<void> {
    const now = clock.now();
    for (const session of await store.list('sessions'))
      if (session.expiresAt <= now) await store.remove('sessions', session);
  }
}

function whoOf(account: Account, by: Who['by']): Who {
  return { name: account.id, role: account.role, workspaces: null, by };
}

function mustNotWait(ms: number): void {
  if (ms > 0) throw new Failure('too_many_attempts', { seconds: Math.ceil(ms / 1_000) });
}

function mustBeStrong(password: string): void {
  if (password.length >= PASSWORD_CHARACTERS_MIN && password.length <= PASSWORD_CHARACTERS_MAX) return;
  throw new Failure('bad_request', {
    why: `A password has ${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX} characters.`,
  });
}

const PASSWORD_CHARACTERS_MAX = 1_000;
const seconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000;

export type Living = (name: string) => Promise<Account>;
