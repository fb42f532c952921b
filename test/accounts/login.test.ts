import { createHash } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { DAY, desk, MINUTE, PASSWORD } from './desk.ts';

async function ana() {
  const d = desk();
  await d.accounts.create('ana', 'operator', 'admin', PASSWORD);
  const login = await d.accounts.login('ana', PASSWORD, '192.0.2.1');
  return { ...d, login };
}
const BAD = { code: 'bad_token' };

test('the first start makes an admin whose password is told once', async () => {
  const { accounts, store } = desk();
  const first = await accounts.begin();
  expect(first?.name).toBe('admin');
  expect(await accounts.begin()).toBeNull();
  expect(JSON.stringify([...store.rows('accounts').values()])).not.toContain(first?.password);
  const { who } = await accounts.login('admin', first?.password ?? '', 'here');
  expect(who).toEqual({ name: 'admin', role: 'admin', workspaces: null, by: 'password' });
});

test('an access word opens the door for a quarter of an hour', async () => {
  const { accounts, login, time } = await ana();
  expect(await accounts.whose(login.access)).toMatchObject({ name: 'ana', role: 'operator' });
  time.now += 14 * MINUTE;
  await accounts.whose(login.access);
  time.now += 2 * MINUTE;
  await expect(accounts.whose(login.access)).rejects.toMatchObject(BAD);
});

test('keys change each week: a word from right before the change is read after it, and no older one is', async () => {
  const { accounts, time } = await ana();
  const week = 7 * DAY;
  time.now = Math.ceil(time.now / week) * week - 5 * MINUTE;
  const { access } = await accounts.login('ana', PASSWORD, 'here');
  const kid = (word: string) => JSON.parse(Buffer.from(word.split('.')[0]!, 'base64url').toString()).kid;
  time.now += 10 * MINUTE;
  expect(await accounts.whose(access)).toMatchObject({ name: 'ana' });
  const after = await accounts.login('ana', PASSWORD, 'here');
  expect(Number(kid(after.access))).toBe(Number(kid(access)) + 1);
});

test('a forged access word opens nothing', async () => {
  const { accounts, login, time } = await ana();
  const [head = '', body = '', sign = ''] = login.access.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const key = createHash('sha256').update(`dumont access words ${kid}`).digest();
  const made = (change: Record<string, unknown>, header: Record<string, string> = {}, by: Uint8Array = key) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid, ...header }).sign(by);
  await expect(accounts.whose(await made({})), 'our own way of making one is right').resolves.toMatchObject({
    name: 'ana',
  });

  const admin = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
  const forged: Record<string, string> = {
    'alg none': new UnsecuredJWT(claims).setIssuedAt().encode(),
    'another body': `${head}.${admin}.${sign}`,
    'no signature': `${head}.${body}.`,
    'a wrong key': await made({}, {}, createHash('sha256').update('guess').digest()),
    'another key of ours': await made({}, {}, createHash('sha256').update('dumont machine tokens').digest()),
    'an unknown key': await made({}, { kid: '1' }),
    'another audience': await made({ aud: 'other-api' }),
    'another issuer': await made({ iss: 'other' }),
    'another type': await made({}, { typ: 'refresh' }),
    'another algorithm': await made({}, { alg: 'HS512' }),
    'no end': await made({ exp: undefined }),
    'a far end': await made({ iat: time.now / 1_000 - 3_600, exp: time.now / 1_000 + 9e6 }),
    'no session': await made({ sid: undefined }),
    "another one's session": await made({ sid: 's999' }),
    'no account': await made({ sub: 'nobody' }),
  };
  for (const [what, word] of Object.entries(forged))
    await expect(accounts.whose(word), what).rejects.toMatchObject(BAD);
});

test('each refresh word is good once, and a second use ends the login for both who hold it', async () => {
  const { accounts, login } = await ana();
  const next = await accounts.refresh(login.refresh);
  await accounts.whose(next.access);
  await expect(accounts.refresh(login.refresh), 'the old one').rejects.toMatchObject({ code: 'used_twice' });
  await expect(accounts.refresh(next.refresh), 'the new one, which may be the thief’s').rejects.toMatchObject(BAD);
  await expect(accounts.whose(next.access)).rejects.toMatchObject(BAD);
});

test('a login lasts a month, and ends at once by logging out', async () => {
  const { accounts, login, time } = await ana();
  const other = await accounts.login('ana', PASSWORD, 'elsewhere');
  await accounts.logout(other.refresh);
  await expect(accounts.whose(other.access)).rejects.toMatchObject(BAD);
  await accounts.whose(login.access);
  time.now += 31 * DAY;
  await expect(accounts.refresh(login.refresh)).rejects.toMatchObject(BAD);
});

test('a wrong name and a wrong password are told the same way', async () => {
  const { accounts } = await ana();
  const tries = [
    ['ana', 'wrong password here'],
    ['nobody', PASSWORD],
    ['', ''],
    ['ana', ''],
  ] as const;
  for (const [name, password] of tries)
    await expect(accounts.login(name, password, name), name).rejects.toMatchObject({ code: 'wrong_login', facts: {} });
});

test('whoever guesses waits longer and longer, by name and by address', async () => {
  const { accounts, time } = await ana();
  const guess = (name: string, from: string) => accounts.login(name, 'a wrong password', from);
  for (let i = 0; i < 5; i += 1)
    await expect(guess('ana', `192.0.2.${i}`)).rejects.toMatchObject({ code: 'wrong_login' });
  await expect(accounts.login('ana', PASSWORD, '192.0.2.99'), 'the right one waits too').rejects.toMatchObject({
    code: 'too_many_attempts',
    facts: { seconds: 1 },
  });
  time.now += 1_000;
  await expect(guess('ana', '192.0.2.100')).rejects.toMatchObject({ code: 'wrong_login' });
  await expect(guess('ana', '192.0.2.100')).rejects.toMatchObject({ facts: { seconds: 2 } });
  time.now += 60_000;
  await accounts.login('ana', PASSWORD, '192.0.2.99');
  for (let i = 0; i < 5; i += 1)
    await expect(guess(`made-up-${i}`, '192.0.2.7')).rejects.toMatchObject({ code: 'wrong_login' });
  await expect(guess('another', '192.0.2.7')).rejects.toMatchObject({ code: 'too_many_attempts' });
});

test('whoever guesses many at once gets no further than one after the other', async () => {
  const { accounts } = await ana();
  const guesses = Array.from({ length: 20 }, (_, i) => accounts.login('ana', 'a wrong password', `192.0.2.${i}`));
  const codes = (await Promise.allSettled(guesses)).map((one) => (one.status === 'rejected' ? one.reason.code : 'in'));
  expect(codes.filter((code) => code === 'wrong_login')).toHaveLength(5);
  expect(codes.filter((code) => code === 'too_many_attempts')).toHaveLength(15);
});

test('whoever knows the password comes in from where others guess, and does not free them', async () => {
  const { accounts } = await ana();
  const guess = (i: number) => accounts.login(`made-up-${i}`, 'a wrong password', '192.0.2.7');
  for (let i = 0; i < 5; i += 1) await expect(guess(i)).rejects.toMatchObject({ code: 'wrong_login' });
  await expect(guess(5)).rejects.toMatchObject({ code: 'too_many_attempts' });
  for (let i = 0; i < 3; i += 1) await accounts.login('ana', PASSWORD, '192.0.2.7');
  await expect(guess(6)).rejects.toMatchObject({ code: 'too_many_attempts' });
});

test('a new password, or the end of an account, ends every word that was given out before', async () => {
  const { accounts, login } = await ana();
  const { word } = await accounts.createToken(login.who, { name: 'ci', role: null, workspaces: null, forMs: null });
  await accounts.change('ana', { password: 'another long password' });
  await expect(accounts.whose(login.access)).rejects.toMatchObject(BAD);
  await expect(accounts.refresh(login.refresh)).rejects.toMatchObject(BAD);
  await expect(accounts.whose(word), 'whoever knew the password may have made it').rejects.toMatchObject(BAD);
  const { access, who } = await accounts.login('ana', 'another long password', 'here');
  const later = await accounts.createToken(who, { name: 'ci', role: null, workspaces: null, forMs: null });
  await accounts.change('ana', { ended: true });
  await expect(accounts.whose(access)).rejects.toMatchObject(BAD);
  await expect(accounts.whose(later.word)).rejects.toMatchObject(BAD);
  await expect(accounts.login('ana', 'another long password', 'here')).rejects.toMatchObject({ code: 'wrong_login' });
  await accounts.change('ana', { ended: false });
  await expect(accounts.whose(later.word), 'what was ended stays so').rejects.toMatchObject(BAD);
});

test('names are given once, passwords have some length, and the last admin stays', async () => {
  const { accounts } = desk();
  await accounts.begin();
  await expect(accounts.create('admin', 'viewer', 'x', PASSWORD)).rejects.toMatchObject({ code: 'account_exists' });
  await expect(accounts.create('Ana Lima', 'viewer', 'x', PASSWORD)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(accounts.create('ana', 'viewer', 'x', 'short')).rejects.toMatchObject({ code: 'bad_request' });
  await expect(accounts.change('admin', { role: 'operator' })).rejects.toMatchObject({ code: 'last_admin' });
  await expect(accounts.change('admin', { ended: true })).rejects.toMatchObject({ code: 'last_admin' });
  const { password } = await accounts.create('ana', 'admin', 'admin');
  expect(password).toMatch(/^([a-z2-9]{6}-){3}[a-z2-9]{6}$/);
  await accounts.change('admin', { role: 'operator' });
  await expect(accounts.change('nobody', { role: 'viewer' })).rejects.toMatchObject({ code: 'no_such_account' });
});
