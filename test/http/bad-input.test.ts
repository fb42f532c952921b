import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { house } from './house.ts';

const WAKE = '/api/v1/instances/lab/wake';
const SAVINGS = '/api/v1/metrics/savings/real';
const SNAPSHOTS = '/api/v1/snapshots?instance_id=lab';
const JSON_TYPE = { 'Content-Type': 'application/json' };

test.each([
  ['malformed JSON', 'POST', WAKE, '{"cap_dollars": 1', JSON_TYPE, 'not JSON'],
  ['a wrong type', 'POST', WAKE, { cap_dollars: 'two' }, {}, 'cap_dollars'],
  ['an unknown field', 'POST', WAKE, { cap_dolars: 2 }, {}, 'cap_dolars'],
  ['an unknown field inside', 'POST', WAKE, { need: { gpus: 2 } }, {}, 'gpus'],
  ['an array for an object', 'POST', WAKE, [], {}, 'expected fields'],
  ['null for an object', 'POST', WAKE, 'null', JSON_TYPE, 'expected fields'],
  ['another content type', 'POST', WAKE, 'cap_dollars=2', { 'Content-Type': 'text/plain' }, 'application/json'],
  ['an unknown query field', 'GET', '/api/v1/offers?colour=red', undefined, {}, 'colour'],
  ['a number that is none', 'GET', '/api/v1/offers?vram_gb_min=lots', undefined, {}, 'vram_gb_min'],
  ['an empty number', 'GET', '/api/v1/offers?vram_gb_min=', undefined, {}, 'vram_gb_min'],
  ['a field twice', 'GET', '/api/v1/offers?gpu=a&gpu=b', undefined, {}, 'gpu'],
  ['a missing field', 'GET', '/api/v1/snapshots', undefined, {}, 'instance_id'],
  ['a path trick for a name', 'GET', '/api/v1/instances/..%2f..%2fetc', undefined, {}, 'id'],
  ['a name in capitals', 'POST', '/api/v1/instances', { id: 'Lab' }, {}, 'lower-case'],
  ['a path out of the root', 'POST', '/api/v1/instances', { id: 'x', include_paths: ['/data/../etc'] }, {}, '".."'],
  [
    'two keys in one',
    'POST',
    '/api/v1/instances',
    { id: 'x', public_keys: ['ssh-ed25519 AAAA a\nssh-rsa B'] },
    {},
    'public key',
  ],
  ['an empty reason', 'POST', '/api/v1/instances/lab/abandon', { why: '  ' }, {}, 'why'],
  ['a body nobody reads', 'POST', '/api/v1/local/end-all', { sure: true }, {}, 'sure'],
  ['a key with spaces', 'POST', WAKE, {}, { 'Idempotency-Key': 'two words' }, 'Idempotency-Key'],
  [
    'an unknown way to misbehave',
    'POST',
    '/api/v1/local/misbehave',
    { target: 'i', mode: 'sing' },
    {},
    'stuck-loading',
  ],
  ['a date that is none', 'GET', '/api/v1/snapshots?instance_id=lab&until=yesterday', undefined, {}, 'until'],
  ['another currency', 'GET', `${SAVINGS}?currency=EUR`, undefined, {}, 'no rate here by which they would be EUR'],
  ['a month that is none', 'GET', `${SAVINGS}?period=2026-13`, undefined, {}, 'is no period'],
  ['a day to come', 'GET', `${SAVINGS}?period=2999-01-01`, undefined, {}, 'is not here yet'],
  ['a price beside the median', 'GET', `${SAVINGS}?baseline=market&dollars_per_hour=2`, undefined, {}, 'one thing'],
  ['a price that is not said', 'GET', `${SAVINGS}?baseline=price`, undefined, {}, 'Name the price'],
  ['the name of no price', 'GET', `${SAVINGS}?price_name=g5`, undefined, {}, 'name the price as well'],
  ['a price beyond reason', 'GET', `${SAVINGS}?dollars_per_hour=20000`, undefined, {}, 'up to 10000'],
  [
    'a cap of nobody',
    'PUT',
    '/api/v1/budgets',
    { scope: 'workspace', per: 'day', dollars: 5 },
    {},
    'names the workspace',
  ],
  [
    'a cap of everybody and of one',
    'PUT',
    '/api/v1/budgets',
    { scope: 'all', of: 'lab', per: 'day', dollars: 5 },
    {},
    'it is left out',
  ],
  ['a negative cap', 'POST', WAKE, { cap_dollars: -1 }, {}, 'cap_dollars'],
  ['a kind that is none', 'GET', `${SNAPSHOTS}&kind=foo`, undefined, {}, 'expected automatic, manual or pre-failover'],
  ['a day that is none', 'GET', '/api/v1/instances/lab/logs?date=x', undefined, {}, 'expected a day like 2024-01-15'],
  ['a time that is none', 'GET', `${SNAPSHOTS}&since=x`, undefined, {}, 'expected a time like 2024-01-15T14:30:00Z'],
  ['the id of nothing', 'GET', '/api/v1/snapshots/zz/files?instance_id=lab', undefined, {}, 'of 0-9 and a-f'],
])(
  '%s is refused with what is wrong, and nothing is asked of the engine',
  async (_, method, path, body, headers, says) => {
    using h = house();
    const answer = await h.ask(method, path, body, headers);
    expect(answer.body).toMatchObject({ status: 400, code: 'bad_request', type: 'urn:dumont:problem:bad_request' });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.detail).toContain(says);
    expect(answer.body.detail).not.toMatch(/Invalid|Too small|Too big|Unrecognized/);
    expect(h.asked).toEqual([]);
  },
);

test('everything that is wrong is said at once', async () => {
  using h = house();
  const { body } = await h.ask('POST', WAKE, { cap_dollars: -1, dry_run: 'yes', colour: 'red' });
  expect(body.facts.errors.map((error: { field: string }) => error.field)).toEqual(['cap_dollars', 'dry_run', '']);
});

test.each([
  ['no token', {}],
  ['a wrong token', { Authorization: 'Bearer the-token-of-this-tesT' }],
  ['a longer token', { Authorization: 'Bearer the-token-of-this-test-and-more' }],
  ['an empty token', { Authorization: 'Bearer ' }],
  ['another scheme', { Authorization: 'Basic the-token-of-this-test' }],
])('with %s nobody learns anything, not even which routes there are', async (_, headers) => {
  using h = house();
  for (const path of ['/api/v1/instances', '/api/v1/nowhere', '/']) {
    for (const [from, code, file] of [
      ['127.0.0.1', 'unauthorized', '/somewhere/token'],
      ['203.0.113.9', 'bad_token', undefined],
    ]) {
      const answer = await h.app.request(path, { headers }, { from });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      const { code: said, facts } = (await answer.json()) as { code: string; facts: { file?: string } };
      expect([said, facts.file], `from ${from}`).toEqual([code, file]);
    }
  }
});

test('a body over the limit is refused, whether or not it says its length', async () => {
  using h = house();
  const huge = JSON.stringify({ id: 'x', image: 'y'.repeat(300_000) });
  const declared = await h.ask('POST', '/api/v1/instances', huge, {
    ...JSON_TYPE,
    'Content-Length': String(huge.length),
  });
  expect([declared.status, declared.body.code]).toEqual([413, 'body_too_large']);
  const streamed = await h.ask('POST', '/api/v1/instances', huge, JSON_TYPE);
  expect([streamed.status, streamed.body.code]).toEqual([413, 'body_too_large']);
  expect(h.asked).toEqual([]);
});

test.each([
  ['GET', '/api/v1/instances/nobody', 'no_such_workspace'],
  ['GET', '/api/v1/events?instance_id=nobody', 'no_such_workspace'],
  ['GET', '/api/v1/backup/list/nobody', 'no_such_workspace'],
  ['GET', '/api/v1/operations/op-99', 'no_such_operation'],
  ['GET', '/api/v1/instances/lab/ssh', 'no_such_machine'],
  ['GET', '/api/v1/nowhere', 'no_such_route'],
  ['PUT', '/api/v1/instances', 'no_such_route'],
])('%s %s answers 404 %s', async (method, path, code) => {
  using h = house();
  const answer = await h.ask(method, path);
  expect([answer.status, answer.body.code]).toEqual([404, code]);
});

test('a failure of the engine keeps its status, facts and sentence, and its reference is in the log', async () => {
  using h = house();
  h.trouble.fail = new Failure('no_offers', { why: 'none has 80 GB', vramGb: 80 });
  const { status, body } = await h.ask('POST', WAKE, {});
  expect(status).toBe(409);
  expect(body).toMatchObject({
    title: 'No offers',
    detail: 'No machine on offer fits: none has 80 GB.',
    retry: true,
    facts: { why: 'none has 80 GB', vram_gb: 80 },
  });
  expect(h.logged).toEqual([
    { event: 'http.failed', level: 'INFO', facts: expect.objectContaining({ reference: body.reference, path: WAKE }) },
  ]);
});

test('an unexpected error is told only to the log', async () => {
  using h = house();
  h.trouble.fail = new Error('password=hunter2 at /root/.dumont');
  const { status, body } = await h.ask('GET', '/api/v1/instances');
  expect([status, body.code]).toEqual([500, 'internal']);
  expect(JSON.stringify(body)).not.toContain('hunter2');
  expect(body.detail).toContain(body.reference);
  expect(h.logged[0]).toMatchObject({
    level: 'ERROR',
    facts: { reference: body.reference, why: expect.stringContaining('hunter2') },
  });
});
