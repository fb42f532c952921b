import { expect, test, vi } from 'vitest';
import type { Who } from '../../engine/domain/account.ts';
import type { Accounts, Engine } from '../../engine/domain/doors.ts';
import type { Told } from '../../engine/domain/journals.ts';
import { clientAddress } from '../../engine/http/client-address.ts';
import { status } from '../policy/idle-machine.ts';
import { house } from './house.ts';

const PASSWORD = 'correct horse battery';

async function withAna(h = house()) {
  await h.accounts.create('ana', 'operator', 'admin', PASSWORD);
  const login = await h.ask('POST', '/api/v1/auth/login', { name: 'ana', password: PASSWORD }, NOBODY);
  const as = (token: string) => ({ Authorization: `Bearer ${token}` });
  return { h, login, ana: as(login.body.access_token), as };
}
/** Shows nothing at the door. */
const NOBODY = { Authorization: '' };

test('a person comes in, is known, goes on with a fresh pair, and leaves', async () => {
  const { h, login, ana, as } = await withAna();
  expect(login.body).toMatchObject({ token_type: 'Bearer', user: { name: 'ana', role: 'operator', by: 'password' } });
  expect((await h.ask('GET', '/api/v1/me', undefined, ana)).body).toMatchObject({ name: 'ana' });
  const again = await h.ask('POST', '/api/v1/auth/refresh', { refresh_token: login.body.refresh_token }, NOBODY);
  expect((await h.ask('GET', '/api/v1/me', undefined, as(again.body.access_token))).status).toBe(200);
  const out = await h.ask('POST', '/api/v1/auth/logout', { refresh_token: again.body.refresh_token }, NOBODY);
  expect([out.status, out.body]).toEqual([204, null]);
  expect((await h.ask('GET', '/api/v1/me', undefined, ana)).body).toMatchObject({ status: 401, code: 'bad_token' });
});

test('who comes in and who does not is in the audit, with the address, and no password is', async () => {
  const { h } = await withAna();
  const wrong = await h.ask('POST', '/api/v1/auth/login', { name: 'ana', password: 'my other password' }, NOBODY);
  expect(wrong.body).toMatchObject({ status: 401, code: 'wrong_login', facts: {} });
  const { body } = await h.ask('GET', '/api/v1/audit?verb=login');
  expect(body.deeds.map(({ by, result, from }: Record<string, string>) => [by, result, from])).toEqual([
    ['ana', 'refused', 'unknown'],
    ['ana', 'came in', 'unknown'],
  ]);
  expect(JSON.stringify([body, h.logged])).not.toMatch(/correct horse|my other/);
  expect((await h.ask('GET', '/api/v1/audit/verify')).body).toMatchObject({ whole: true, entries: 2 });
});

test('a token does what it may, and cannot make another one', async () => {
  const { h, ana, as } = await withAna();
  const wanted = { name: 'ci', role: 'viewer', instance_ids: ['lab'] };
  const { status, body } = await h.ask('POST', '/api/v1/tokens', wanted, ana);
  expect([status, body]).toMatchObject([
    201,
    { role: 'viewer', instance_ids: ['lab'], token: expect.stringMatching(/^dmt_/) },
  ]);
  const ci = as(body.token);
  expect((await h.ask('GET', '/api/v1/me', undefined, ci)).body).toMatchObject({ role: 'viewer', by: 'token' });
  for (const [method, path, sent, code] of [
    ['POST', '/api/v1/tokens', { name: 'more' }, 'needs_login'],
    ['PUT', '/api/v1/me/password', { password: PASSWORD, new_password: 'another long password' }, 'needs_login'],
    ['POST', '/api/v1/me/discord-code', undefined, 'needs_login'],
    ['GET', '/api/v1/users', undefined, 'forbidden'],
    ['GET', '/api/v1/audit', undefined, 'forbidden'],
    ['GET', '/metrics', undefined, 'limited_token'],
  ] as const)
    expect((await h.ask(method, path, sent, ci)).body, `${method} ${path}`).toMatchObject({ status: 403, code });
  expect((await h.ask('GET', '/api/v1/tokens', undefined, ana)).body.tokens).toMatchObject([{ name: 'ci' }]);
  expect((await h.ask('DELETE', `/api/v1/tokens/${body.id}`, undefined, ana)).status).toBe(204);
  expect((await h.ask('GET', '/api/v1/me', undefined, ci)).status).toBe(401);
});

test('an admin’s token for one workspace has no power over the installation', async () => {
  const { h, as } = await withAna();
  const admin: Who = { name: 'ana', role: 'admin', workspaces: null, by: 'password' };
  await h.accounts.change('ana', { role: 'admin' });
  const made = async (workspaces: readonly string[] | null) =>
    as((await h.accounts.createToken(admin, { name: 'ci', role: null, workspaces, forMs: null })).word);
  const [onLab, onAll] = [await made(['lab']), await made(null)];
  for (const [method, path, sent] of [
    ['GET', '/api/v1/users', undefined],
    ['POST', '/api/v1/users', { name: 'mallory', role: 'admin' }],
    ['PATCH', '/api/v1/users/ana', { password: 'a password of mine' }],
    ['GET', '/api/v1/audit', undefined],
    ['GET', '/api/v1/audit/verify', undefined],
    ['GET', '/api/v1/metrics', undefined],
    ['GET', '/metrics', undefined],
    ['GET', '/api/v1/local/machines', undefined],
    ['GET', '/api/v1/local/bill', undefined],
    ['POST', '/api/v1/local/misbehave', { target: 'market', mode: null }],
    ['POST', '/api/v1/local/gpu', { target: 'x', utilization_percent: 1, memory_used_mb: 1 }],
    ['POST', '/api/v1/local/end-all', undefined],
  ] as const)
    expect((await h.ask(method, path, sent, onLab)).body, `${method} ${path}`).toMatchObject({
      status: 403,
      code: 'limited_token',
    });
  for (const path of ['instances', 'me', 'tokens', 'events', 'operations', 'offers', 'hosts', 'plans', 'health'])
    expect((await h.ask('GET', `/api/v1/${path}`, undefined, onLab)).status, path).toBe(200);
  const sent = { name: 'mallory', role: 'admin' };
  for (const [method, path] of [
    ['POST', '/api/v1/users'],
    ['PATCH', '/api/v1/users/ana'],
  ] as const)
    expect((await h.ask(method, path, method === 'POST' ? sent : { ended: false }, onAll)).body).toMatchObject({
      status: 403,
      code: 'needs_login',
    });
  expect((await h.ask('GET', '/api/v1/users', undefined, onAll)).status).toBe(200);
});

test.each<readonly [string, (accounts: Accounts, id: string) => Promise<unknown>]>([
  ['its token is ended', (accounts, id) => accounts.endToken('ana', id)],
  ['its account is ended', (accounts) => accounts.change('ana', { ended: true })],
  ['its account may do less', (accounts) => accounts.change('ana', { role: 'viewer' })],
])('a stream of events ends when %s, also before the next event', async (_, end) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    for (const speaks of [false, true]) {
      const h = house({ engineFor: (_who, engine) => ({ ...engine, events }) });
      await h.accounts.create('ana', 'operator', 'admin', PASSWORD);
      const ana: Who = { name: 'ana', role: 'operator', workspaces: null, by: 'password' };
      const { token, word } = await h.accounts.createToken(ana, {
        name: 'ci',
        role: null,
        workspaces: null,
        forMs: null,
      });
      const speak = Promise.withResolvers<void>();
      async function* events() {
        yield TOLD;
        await speak.promise;
        yield { ...TOLD, number: 2 };
        await new Promise(() => {});
      }
      const headers = { Authorization: `Bearer ${word}`, Accept: 'text/event-stream' };
      const reader = (await h.app.request('/api/v1/events', { headers })).body!.getReader();
      const texts = [await reader.read(), await reader.read()].map(({ value }) => new TextDecoder().decode(value));
      expect(texts).toEqual(['retry: 1000\n\n', expect.stringContaining('id: 1\n')]);
      const then = reader.read();
      await vi.advanceTimersByTimeAsync(14_000);
      await end(h.accounts, token.id);
      if (speaks) speak.resolve();
      else await vi.advanceTimersByTimeAsync(1_000);
      expect(await then).toEqual({ done: true, value: undefined });
    }
  } finally {
    vi.useRealTimers();
  }
});

const TOLD: Told = { at: 0, number: 1, event: 'machine.moved', workspace: 'lab', facts: {} };

const ssh: Engine['ssh'] = async (workspace) => ({
  workspace,
  machine: 'm1',
  address: { host: '192.0.2.1', port: 22 },
  hostKey: 'SHA256:abc',
  user: 'root',
  identityFile: null,
});

test('what touches who may come in, the levers, and every refusal is in the audit', async () => {
  const { h, ana, login } = await withAna(house({ engineFor: (_, engine) => ({ ...engine, ssh }) }));
  const { refresh_token } = login.body;
  const made = await h.ask('POST', '/api/v1/tokens', { name: 'nightly' }, ana);
  await h.ask('GET', '/api/v1/instances/lab/ssh', undefined, ana);
  await h.ask('GET', '/api/v1/users', undefined, ana);
  await h.ask('POST', '/api/v1/tokens', { name: 'more' }, { Authorization: `Bearer ${made.body.token}` });
  await h.ask('DELETE', `/api/v1/tokens/${made.body.id}`, undefined, ana);
  await h.ask('POST', '/api/v1/me/discord-code', undefined, ana);
  await h.ask('DELETE', '/api/v1/me/discord', undefined, ana);
  for (let i = 0; i < 2; i += 1) await h.ask('POST', '/api/v1/auth/refresh', { refresh_token }, NOBODY);
  const again = await h.ask('POST', '/api/v1/auth/login', { name: 'ana', password: PASSWORD }, NOBODY);
  const back = { Authorization: `Bearer ${again.body.access_token}` };
  for (const password of ['not the password', PASSWORD])
    await h.ask('PUT', '/api/v1/me/password', { password, new_password: 'another long password' }, back);
  await h.ask('POST', '/api/v1/local/misbehave', { target: 'market', mode: null });
  await h.ask('POST', '/api/v1/local/gpu', { target: 'market', utilization_percent: 1, memory_used_mb: 1 });
  await h.ask('POST', '/api/v1/local/end-all');
  const { body } = await h.ask('GET', '/api/v1/audit');
  const deeds = body.deeds.map(({ verb, on, result }: Record<string, string>) => `${verb} ${on}: ${result}`).reverse();
  expect(deeds).toEqual([
    'login ana: came in',
    `tokens ana: made ${made.body.id}`,
    'ssh lab: told how to reach m1',
    'users /api/v1/users: refused',
    'POST /api/v1/tokens /api/v1/tokens: refused',
    `tokens ana: ended ${made.body.id}`,
    'discord ana: made a code',
    'discord ana: parted',
    'login ana: ended',
    'login ana: came in',
    'password ana: refused',
    'password ana: changed',
    'local market: behaves again',
    'local market: its GPU says 1 %',
    'local every machine: ended 1',
  ]);
  expect(JSON.stringify(body)).not.toMatch(/dmt_|dmr_|correct horse|another long/);
});

test('an admin makes accounts, shuts them out, and lets them in again', async () => {
  const { h, ana } = await withAna();
  const made = await h.ask('POST', '/api/v1/users', { name: 'joao', role: 'viewer' });
  expect([made.status, made.body]).toMatchObject([
    201,
    { name: 'joao', created_by: 'ana', password: expect.any(String) },
  ]);
  expect((await h.ask('POST', '/api/v1/users', { name: 'joao', role: 'viewer' })).body.code).toBe('account_exists');
  expect((await h.ask('PATCH', '/api/v1/users/ana', { ended: true })).body.ended_at).not.toBeNull();
  expect((await h.ask('GET', '/api/v1/me', undefined, ana)).status).toBe(401);
  expect((await h.ask('PATCH', '/api/v1/users/nobody', { role: 'viewer' })).body.code).toBe('no_such_account');
  const { body } = await h.ask('GET', '/api/v1/users');
  expect(JSON.stringify(body)).not.toMatch(/scrypt|secret/);
});

test('the guard hears who asks', async () => {
  const met: Who[] = [];
  const h = house({
    engineFor: (who, engine) => {
      met.push(who);
      return engine;
    },
  });
  await h.ask('GET', '/api/v1/instances');
  expect(met).toEqual([{ name: 'ana', role: 'admin', workspaces: null, by: 'file' }]);
});

test('the same key with another body is refused, and with the same one answered as before', async () => {
  using h = house();
  const key = { 'Idempotency-Key': 'once' };
  const first = await h.ask('POST', '/api/v1/instances', { id: 'fresh' }, key);
  const again = await h.ask('POST', '/api/v1/instances', { id: 'fresh' }, key);
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(h.asked.filter(({ what }) => what === 'create')).toHaveLength(1);
  const other = await h.ask('POST', '/api/v1/instances', { id: 'other' }, key);
  expect(other.body).toMatchObject({ status: 409, code: 'key_reused' });
});

test('what has not changed is not sent again', async () => {
  using h = house();
  const first = await h.ask('GET', '/api/v1/snapshots?instance_id=lab');
  const tag = { 'If-None-Match': first.headers.get('etag') ?? '' };
  expect(
    (
      await h.app.request('/api/v1/snapshots?instance_id=lab', {
        headers: { Authorization: 'Bearer the-token-of-this-test', ...tag },
      })
    ).status,
  ).toBe(304);
});

test('a machine that comes where no public address is set is told so', async () => {
  using h = house();
  const answer = await h.ask('POST', '/api/v1/agent/status', status(0), { Authorization: 'Bearer word-of-a-machine' });
  expect([answer.status, answer.body.code]).toEqual([409, 'no_heartbeats']);
});

test('strangers get little, and slowly', async () => {
  using h = house();
  expect((await h.ask('GET', '/healthz', undefined, NOBODY)).body).toEqual({ ok: true });
  expect((await h.ask('GET', '/readyz', undefined, NOBODY)).body.parts[0]).toEqual({
    name: expect.any(String),
    ok: true,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 60; i += 1) statuses.push((await h.ask('GET', '/api/v1/me', undefined, NOBODY)).status);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  const late = await h.ask('GET', '/api/v1/me', undefined, NOBODY);
  expect([late.body.code, Number(late.headers.get('retry-after'))]).toEqual(['too_many_requests', 1]);
});

test('other web pages may not ask, and the page of documents runs no script', async () => {
  using h = house();
  const answer = await h.app.request('/api/v1/me', { method: 'OPTIONS', headers: { Origin: 'https://evil.test' } });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  const docs = await h.app.request('/docs');
  expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'");
  const page = await docs.text();
  expect(page).toContain('/api/v1/instances/{id}/wake');
  expect(page).not.toContain('<script');
});

test.each(['/api/snapshots', '/api/offers', '/api/create-instance', '/api/restore', '/api/agent/status'])(
  'the old name %s says where it went',
  async (path) => {
    using h = house();
    for (const method of ['GET', 'POST'])
      expect((await h.ask(method, path, undefined, NOBODY)).body).toMatchObject({
        status: 410,
        code: 'moved_away',
        facts: { to: expect.stringContaining('/api/v1/') },
      });
  },
);

test.each<readonly [string, readonly string[], string | undefined, string | null, string]>([
  ['nobody is believed unless they are named', [], '203.0.113.9', '10.0.0.1', '203.0.113.9'],
  ['a proxy that is named is', ['127.0.0.1'], '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['what a client made up before it is not', ['127.0.0.1'], '::ffff:127.0.0.1', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
  ['proxies behind proxies', ['10.0.0.0/8'], '10.0.0.1', '203.0.113.9, 10.2.3.4', '203.0.113.9'],
  ['rubbish is no address', ['127.0.0.1'], '127.0.0.1', 'rubbish', '127.0.0.1'],
  ['no word at all', ['127.0.0.1'], '127.0.0.1', null, '127.0.0.1'],
])('where a request comes from: %s', (_, proxies, socket, forwarded, from) => {
  expect(clientAddress(proxies)(socket, forwarded)).toBe(from);
});

test('a proxy that is no address is a mistake in the settings', () => {
  expect(() => clientAddress(['proxy.local'])).toThrow(/"proxy.local" is no address/);
});
