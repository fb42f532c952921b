import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';

const PASSWORD = 'correct horse battery';
/** Another computer than the engine's. */
const away = mkdtempSync(join(tmpdir(), 'dumont-away-'));
let house: Awaited<ReturnType<typeof served>>;
beforeAll(async () => {
  house = await served({ names: ['lab'] });
  await house.accounts.create('ana', 'operator', 'admin', PASSWORD);
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await rm(away, { recursive: true, force: true });
});

test('a login is for another computer: a token stays there, the password does not, and logging out ends it', async () => {
  const file = join(away, 'login.json');
  const wrong = await run(away, ['login', house.url(), '--user', 'ana'], { input: 'not the password\n' });
  expect([wrong.code, wrong.err]).toEqual([77, expect.stringContaining('The name or the password is wrong.')]);
  expect(existsSync(file)).toBe(false);

  const { code, out, err } = await run(away, ['login', house.url(), '--user', 'ana'], { input: `${PASSWORD}\n` });
  expect([code, out], err).toEqual([0, `You are ana (operator) at ${house.url()}.\n`]);
  expect(readFileSync(file, 'utf8')).not.toContain(PASSWORD);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await run(away, ['status'])).out).toContain('lab');
  expect((await run(away, ['tokens'])).out).toMatch(/dumont on \S+ \(127\.0\.0\.1:\d+\) +operator/);
  await run(away, ['login', house.url(), '--user', 'ana'], { input: `${PASSWORD}\n` });
  const [only, ...others] = await house.accounts.tokens('ana');
  expect(others, 'the one before has ended').toEqual([]);
  expect(((only?.expiresAt ?? 0) - (only?.createdAt ?? 0)) / 86_400_000).toBe(90);

  const left = await run(away, ['logout']);
  expect([left.code, left.out], left.err).toEqual([0, `You are logged out of ${house.url()}.\n`]);
  expect(await house.accounts.tokens('ana')).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test('a password is not sent over the network without encryption', async () => {
  const { code, err } = await run(away, ['login', 'http://dumont.example.com'], { input: `${PASSWORD}\n` });
  expect([code, err]).toEqual([64, expect.stringContaining('is not encrypted')]);
});

test('scripts bring a token of their own', async () => {
  const { who } = await house.accounts.login('ana', PASSWORD, 'here');
  const wanted = { name: 'ci', role: null, workspaces: null, forMs: null };
  const { word } = await house.accounts.createToken(who, wanted);
  const environment = { DUMONT_URL: house.url(), DUMONT_TOKEN: word };
  expect((await run(away, ['status'], { env: environment })).out).toContain('lab');
  const bad = await run(away, ['status'], { env: { ...environment, DUMONT_TOKEN: `${word.slice(0, -1)}_` } });
  expect([bad.code, bad.err]).toEqual([77, expect.stringContaining('This needs a token that is valid.')]);
});

test('several logins stay beside each other, one is used, and one command may use another', async () => {
  const tokenOf = async (name: string): Promise<string> => {
    const { who } = await house.accounts.login('ana', PASSWORD, 'here');
    return (await house.accounts.createToken(who, { name, role: null, workspaces: null, forMs: null })).word;
  };
  for (const name of ['work', 'home'])
    await run(away, ['login', house.url(), '--token', '-', '--profile', name], { input: await tokenOf(name) });
  expect((await run(away, ['login', '--list'])).out).toMatch(/^ {3}work .*\n\* {2}home .*\n {3}local /m);
  expect((await run(away, ['login', '--use', 'work'])).out).toBe(`You are ana at ${house.url()}.\n`);
  const other = await run(away, ['login', '--list', '--json'], { env: { DUMONT_PROFILE: 'home' } });
  expect(JSON.parse(other.out).logins.filter(({ used }: { used: boolean }) => used)).toMatchObject([{ name: 'home' }]);
  const none = await run(away, ['status'], { env: { DUMONT_PROFILE: 'play' } });
  expect([none.code, none.err]).toEqual([64, 'You have no login "play"; there is work, home, local.\n']);
  expect((await run(away, ['status'], { env: { DUMONT_PROFILE: 'local' } })).code).toBe(69);

  await run(away, ['logout']);
  expect((await run(away, ['status'])).code, 'the engine of this computer is meant again').toBe(69);
  expect((await run(away, ['status'], { env: { DUMONT_PROFILE: 'home' } })).out).toContain('lab');
  await run(away, ['logout'], { env: { DUMONT_PROFILE: 'home' } });
  expect(existsSync(join(away, 'login.json'))).toBe(false);
});

test('a token is made for a program: away by the password, which is asked for then, and here for a named account', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dumont-away-'));
  try {
    await run(home, ['login', house.url(), '--user', 'ana'], { input: `${PASSWORD}\n` });
    const create = ['tokens', '--create', 'nightly', '--role', 'viewer', '--on', 'lab'];
    const made = await run(home, create, { input: `${PASSWORD}\n` });
    expect([made.code, made.out], made.err).toEqual([0, expect.stringMatching(/^dmt_/)]);
    expect(await house.accounts.whose(made.out.trim())).toMatchObject({ role: 'viewer', workspaces: ['lab'] });
    const wrong = await run(home, create, { input: 'not the password\n' });
    expect([wrong.code, wrong.err]).toEqual([77, expect.stringContaining('The name or the password is wrong.')]);

    const nameless = await run(house.home, create);
    expect([nameless.code, nameless.err]).toEqual([64, expect.stringContaining('name an account with --user')]);
    const here = await run(house.home, [...create, '--user', 'ana', '--json']);
    const { id, token } = JSON.parse(here.out);
    expect(await house.accounts.whose(token)).toMatchObject({ name: 'ana', role: 'viewer' });
    expect((await run(house.home, ['tokens', '--user', 'ana'])).out).toContain(id);
    expect((await run(house.home, ['tokens', '--end', id, '--user', 'ana'])).code).toBe(0);
    await expect(house.accounts.whose(token)).rejects.toMatchObject({ code: 'bad_token' });
    const other = await run(home, ['tokens', '--user', 'admin']);
    expect([other.code, other.err]).toEqual([64, expect.stringContaining('Only the owner of the engine')]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test('a password is changed from another computer, which stays logged in, and an admin’s deeds ask for theirs', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dumont-away-'));
  const before = await house.accounts.create('eva', 'admin', 'admin', PASSWORD);
  expect(before.account.id).toBe('eva');
  try {
    await run(home, ['login', house.url(), '--user', 'eva'], { input: `${PASSWORD}\n` });
    const changed = await run(home, ['login', '--change-password'], { input: `${PASSWORD}\nanother long password\n` });
    expect([changed.code, changed.out], changed.err).toEqual([
      0,
      'The password of eva is another one. Every other login and token of it has ended.\n',
    ]);
    expect(await house.accounts.tokens('eva')).toHaveLength(1);
    expect((await run(home, ['status'])).out).toContain('lab');
    const made = await run(home, ['users', 'joao', '--create'], { input: 'another long password\n' });
    expect([made.code, made.out], made.err).toEqual([0, expect.stringContaining('joao may come in as operator.')]);
    const role = await run(home, ['users', 'joao', '--role', 'viewer'], { input: 'another long password\n' });
    expect([role.code, role.out], role.err).toEqual([0, 'joao is viewer.\n']);
    const here = await run(house.home, ['login', '--change-password'], { input: 'x\n' });
    expect([here.code, here.err]).toEqual([64, expect.stringContaining('you need no password here')]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
