import { expect, test, vi } from 'vitest';
import { VERBS } from '../../engine/domain/verbs.ts';
import { ROUTES } from '../../engine/http/app.ts';
import { house } from './house.ts';

test('every verb has a route, and no path is served twice', () => {
  const served = new Set(ROUTES.map((route) => route.verb));
  expect(Object.keys(VERBS).filter((verb) => !served.has(verb as keyof typeof VERBS))).toEqual([]);
  const names = ROUTES.map((route) => `${route.method} ${route.path}`);
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ['GET', '/api/v1/instances', undefined, '/api/v1/instances'],
  ['GET', '/api/v1/instances/lab', undefined, '/api/v1/instances/:id'],
  ['POST', '/api/v1/instances', { id: 'new-lab', need: { gpu: 'A100', regions: ['eu-west'] } }, '/api/v1/instances'],
  ['POST', '/api/v1/instances/lab/wake', { dry_run: true }, '/api/v1/instances/:id/wake'],
  ['POST', '/api/v1/instances/lab/wake', { cap_dollars: 1 }, '/api/v1/instances/:id/wake'],
  ['POST', '/api/v1/instances/lab/abandon', { why: 'the disk is dead' }, '/api/v1/instances/:id/abandon'],
  ['DELETE', '/api/v1/instances/lab?purge=true', undefined, '/api/v1/instances/:id'],
  ['GET', '/api/v1/snapshots?instance_id=lab', undefined, '/api/v1/snapshots'],
  ['POST', '/api/v1/snapshots/a1a1/restore', { instance_id: 'lab', set_aside: true }, '/api/v1/snapshots/:id/restore'],
  ['GET', '/api/v1/offers?gpu=4090&regions=eu-west&regions=us-east&vram_gb_min=24', undefined, '/api/v1/offers'],
  ['GET', '/api/v1/hosts', undefined, '/api/v1/hosts'],
  ['GET', '/api/v1/standby?instance_id=lab', undefined, '/api/v1/standby'],
  ['GET', '/api/v1/events?instance_id=lab&limit=5', undefined, '/api/v1/events'],
  ['GET', '/api/v1/health', undefined, '/api/v1/health'],
  ['GET', '/api/v1/local/machines', undefined, '/api/v1/local/machines'],
  ['POST', '/api/v1/local/misbehave', { target: 'ace-7', mode: 'vanish' }, '/api/v1/local/misbehave'],
  ['POST', '/api/v1/local/gpu', { target: 'i', utilization_percent: 3, memory_used_mb: 9 }, '/api/v1/local/gpu'],
  ['GET', '/api/v1/local/bill', undefined, '/api/v1/local/bill'],
  ['POST', '/api/v1/local/end-all', undefined, '/api/v1/local/end-all'],
])('%s %s answers as its schema says', async (method, path, body, at) => {
  using h = house();
  const answer = await h.ask(method, path, body);
  const route = ROUTES.find((each) => each.path === at && each.method === method.toLowerCase());
  const schema = route?.answers[answer.status];
  expect(schema, `${answer.status} ${JSON.stringify(answer.body)}`).toBeDefined();
  if (schema) expect(schema.safeParse(answer.body).error).toBeUndefined();
  else expect(answer.body).toBeNull();
});

test('what a wake was asked with reaches the engine in its own words', async () => {
  using h = house();
  const body = {
    need: { vram_gb_min: 24, dollars_per_hour_max: 0.5 },
    cap_dollars: 1.5,
    snapshot_id: 'a1a1',
    set_aside: true,
  };
  const { status, body: operation } = await h.ask('POST', '/api/v1/instances/lab/wake', body, {
    'Idempotency-Key': 'k1',
  });
  expect(status).toBe(202);
  expect(operation).toMatchObject({ instance_id: 'lab', verb: 'wake', by: 'ana', ended_at: null, outcome: null });
  expect(h.asked[0]).toEqual({
    what: 'wake',
    args: [
      'lab',
      { snapshot: 'a1a1', need: { vramGbMin: 24, dollarsPerHourMax: 0.5 }, capDollars: 1.5, setAside: true },
    ],
    asked: { by: 'ana', key: 'k1', from: 'unknown by file' },
  });
});

test('the same Idempotency-Key gets the same operation', async () => {
  using h = house();
  const key = { 'Idempotency-Key': 'once' };
  const first = await h.ask('POST', '/api/v1/instances/lab/wake', {}, key);
  const again = await h.ask('POST', '/api/v1/instances/lab/wake', {}, key);
  const other = await h.ask('POST', '/api/v1/instances/lab/wake', {});
  expect(again.body.id).toBe(first.body.id);
  expect(other.body.id).not.toBe(first.body.id);
  expect((await h.ask('GET', `/api/v1/operations/${first.body.id}`)).body).toMatchObject({ id: first.body.id });
});

test('a workspace is shown without its password and without the values of its environment', async () => {
  using h = house();
  const text = JSON.stringify((await h.ask('GET', '/api/v1/instances')).body);
  expect(text).toContain('HF_TOKEN');
  expect(text).not.toMatch(/sealed|hf_secret/i);
});

test('a new workspace keeps only what was said, so that the rest stays at its default', async () => {
  using h = house();
  const spec = { id: 'n', include_paths: ['/srv/models'], environment: { HF_TOKEN: 'x' }, need: { gpu: 'H100' } };
  const made = await h.ask('POST', '/api/v1/instances', spec);
  expect(made.headers.get('location')).toBe('/api/v1/instances/n');
  expect(h.asked[0]?.args).toEqual([
    'n',
    { include: ['srv/models'], environment: { HF_TOKEN: 'x' }, need: { gpu: 'H100' } },
  ]);
});

test('without the local marketplace its levers say so', async () => {
  using h = house({ local: null });
  const { status, body } = await h.ask('GET', '/api/v1/local/machines');
  expect([status, body.code]).toEqual([404, 'no_local_marketplace']);
});

test('without purge, deleting saves a workspace and releases its machine, and nothing else goes', async () => {
  using h = house();
  await h.ask('POST', '/api/v1/instances/lab/wake', {});
  const awake = async () => expect((await h.ask('GET', '/api/v1/instances/lab')).body.status).toBe('awake');
  await vi.waitFor(awake, { timeout: 10_000 });
  const { status, body } = await h.ask('DELETE', '/api/v1/instances/lab');
  expect([status, body.verb]).toEqual([202, 'hibernate']);
  expect(h.asked.at(-1)?.what).toBe('hibernate');
  expect((await h.ask('GET', '/api/v1/instances/lab')).status).toBe(200);
});
