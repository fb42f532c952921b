import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Role } from '../../engine/domain/account.ts';
import { ROUTES } from '../../engine/http/app.ts';
import { type OpenOperation, openApi } from '../../engine/http/openapi.ts';
import { broken, fitting, type Schema } from './arbitrary.ts';
import { inhabited } from './inhabited.ts';

const DOCUMENT = openApi(ROUTES, '0');
const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
const REQUESTS = 20_000;
const PEOPLE = ['nobody', 'vera', 'otto', 'ana', 'boss', 'ci', 'forger'] as const;

test('the document is OpenAPI 3.1, and every route of ours is in it once', () => {
  expect(DOCUMENT.openapi).toBe('3.1.0');
  expect(OPERATIONS).toHaveLength(ROUTES.length);
  const ids = OPERATIONS.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size, 'ids are given once').toBe(ids.length);
  for (const { path, operation } of OPERATIONS) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const documented = operation.parameters.filter((it) => it.in === 'path').map(({ name }) => name);
    expect(documented, path).toEqual(named);
    expect(operation.summary, path).not.toBe(path);
  }
});

/** Who may ask for what. A route that is added stands here too, or this fails. */
const PERMISSIONS: Readonly<Record<string, Role | 'anyone'>> = {
  'GET /api/v1/instances': 'viewer',
  'POST /api/v1/instances': 'operator',
  'GET /api/v1/instances/{id}': 'viewer',
  'PATCH /api/v1/instances/{id}': 'operator',
  'DELETE /api/v1/instances/{id}': 'admin',
  'POST /api/v1/instances/{id}/wake': 'operator',
  'POST /api/v1/instances/{id}/hibernate': 'operator',
  'POST /api/v1/instances/{id}/pause': 'operator',
  'POST /api/v1/instances/{id}/resume': 'operator',
  'POST /api/v1/instances/{id}/keep': 'operator',
  'GET /api/v1/standby': 'viewer',
  'POST /api/v1/standby': 'operator',
  'POST /api/v1/instances/{id}/run': 'operator',
  'GET /api/v1/instances/{id}/at-risk': 'viewer',
  'POST /api/v1/instances/{id}/abandon': 'operator',
  'GET /api/v1/instances/{id}/ssh': 'operator',
  'POST /api/v1/instances/{id}/schedules': 'operator',
  'DELETE /api/v1/instances/{id}/schedules/{schedule}': 'operator',
  'PUT /api/v1/instances/{id}/shares/{name}': 'admin',
  'DELETE /api/v1/instances/{id}/shares/{name}': 'admin',
  'GET /api/v1/snapshots': 'viewer',
  'POST /api/v1/snapshots': 'operator',
  'POST /api/v1/snapshots/{id}/restore': 'operator',
  'POST /api/v1/recovery/confirm': 'admin',
  'GET /api/v1/offers': 'viewer',
  'GET /api/v1/hosts': 'viewer',
  'GET /api/v1/events': 'viewer',
  'GET /api/v1/alerts': 'viewer',
  'GET /api/v1/drills': 'viewer',
  'POST /api/v1/drills': 'operator',
  'POST /api/v1/instances/{id}/rekey': 'admin',
  'GET /api/v1/instances/{id}/logs': 'viewer',
  'GET /api/v1/operations': 'viewer',
  'GET /api/v1/operations/{id}': 'viewer',
  'GET /api/v1/snapshots/{id}/files': 'viewer',
  'GET /api/v1/snapshots/{id}/diff': 'viewer',
  'GET /api/v1/snapshots/{id}/download': 'operator',
  'GET /api/v1/snapshots/config': 'viewer',
  'POST /api/v1/snapshots/config': 'operator',
  'GET /api/v1/snapshots/retention': 'viewer',
  'PUT /api/v1/snapshots/{id}/pin': 'operator',
  'DELETE /api/v1/snapshots/{id}/pin': 'operator',
  'POST /api/v1/snapshots/{id}/clone': 'operator',
  'POST /api/v1/snapshots/{id}/share': 'admin',
  'DELETE /api/v1/snapshots/{id}': 'admin',
  'DELETE /api/v1/backup/{project_id}/{backup_id}': 'admin',
  'GET /api/v1/plans': 'viewer',
  'POST /api/v1/backup/create': 'operator',
  'POST /api/v1/backup/restore': 'operator',
  'GET /api/v1/backup/list/{project_id}': 'viewer',
  'GET /api/v1/backup/info/{project_id}/{backup_id}': 'viewer',
  'GET /api/v1/metrics': 'operator',
  'GET /api/v1/reports': 'viewer',
  'POST /api/v1/reports': 'viewer',
  'DELETE /api/v1/reports/{id}': 'viewer',
  'GET /api/v1/budgets': 'viewer',
  'PUT /api/v1/budgets': 'viewer',
  'DELETE /api/v1/budgets': 'viewer',
  'GET /api/v1/metrics/savings/real': 'viewer',
  'GET /api/v1/health': 'viewer',
  'POST /api/v1/agent/status': 'anyone',
  'GET /api/v1/local/machines': 'admin',
  'POST /api/v1/local/misbehave': 'admin',
  'POST /api/v1/local/gpu': 'admin',
  'GET /api/v1/local/bill': 'admin',
  'POST /api/v1/local/end-all': 'admin',
  'POST /api/v1/auth/login': 'anyone',
  'POST /api/v1/auth/refresh': 'anyone',
  'POST /api/v1/auth/logout': 'anyone',
  'GET /api/v1/me': 'viewer',
  'PUT /api/v1/me/password': 'viewer',
  'POST /api/v1/me/discord-code': 'viewer',
  'DELETE /api/v1/me/discord': 'viewer',
  'GET /api/v1/tokens': 'viewer',
  'POST /api/v1/tokens': 'viewer',
  'DELETE /api/v1/tokens/{id}': 'viewer',
  'GET /api/v1/users': 'admin',
  'POST /api/v1/users': 'admin',
  'PATCH /api/v1/users/{name}': 'admin',
  'GET /api/v1/audit': 'admin',
  'GET /api/v1/audit/verify': 'admin',
};

test('who may ask for what is this table', () => {
  expect(
    Object.fromEntries(OPERATIONS.map(({ method, path, operation }) => [`${method} ${path}`, operation['x-role']])),
  ).toEqual(PERMISSIONS);
});

test(`${REQUESTS} requests, right and wrong, by everybody: no answer that is not in the document`, {
  timeout: 240_000,
}, async () => {
  await using house = await inhabited();
  const met = new Map<string, Set<number>>();
  let [same, unchanged] = [0, 0];
  for (const request of fc.sample(requests(), { numRuns: REQUESTS, seed: 4711 })) {
    const { path, method, operation, url, body, person } = request;
    const say = `${person}: ${method} ${url} ${String(body).slice(0, 300)}`;
    const answer = await house.ask(person, method, url, body);
    expect(answer.status, `${say}\n${answer.text}\n${house.troubles.join('\n')}`).toBeLessThan(500);
    const documented = operation.responses[answer.status] as
      | { content?: Record<string, { schema: object }> }
      | undefined;
    expect(documented, `${answer.status} is not in the document: ${say}\n${answer.text}`).toBeDefined();
    const type = answer.type.split(';')[0] ?? '';
    expect(answer.text === '' ? [''] : Object.keys(documented?.content ?? {}), say).toContain(type);
    if (answer.status < 300) fits(method, path, answer, say);
    const needed = PERMISSIONS[`${method} ${path}`]!;
    if (answer.status < 300 && needed !== 'anyone') expect(['nobody', 'forger'], say).not.toContain(person);
    if (answer.status < 300 && needed !== 'anyone') {
      expect(MAY[person], say).toContain(needed);
      if (needed === 'admin' && !ON_ONE.test(path)) expect(person, say).toBe('boss');
      // What is shared is never shared whole.
      if (needed === 'admin' && person === 'otto') expect(url, say).not.toContain('/lab/');
      if (needed === 'admin' && person === 'ana') expect(url, say).not.toContain('/train/');
      if (needed !== 'viewer' && !ON_ONE.test(path)) expect(person, 'a token for one workspace').not.toBe('ci');
    }
    if (method === 'GET' && answer.status === 200 && answer.tag !== null && same++ < 300) {
      const again = await house.ask(person, method, url, body, { 'If-None-Match': answer.tag });
      if (again.status !== 200) expect([again.status, again.text], say).toEqual([304, '']);
      unchanged += again.status === 304 ? 1 : 0;
      expect(Object.keys(operation.responses), say).toContain(String(again.status));
    }
    met.set(`${method} ${path}`, (met.get(`${method} ${path}`) ?? new Set()).add(answer.status));
  }
  // A generator that never gets in proves nothing.
  const never = [...met].filter(([name, statuses]) => ![...statuses].some((status) => status < 300) && !HARD.has(name));
  expect(never.map(([name, statuses]) => `${name}: ${[...statuses].join()}`)).toEqual([]);
  expect(met.size).toBe(OPERATIONS.length);
  expect(unchanged).toBeGreaterThan(100);
});

/** What is about one workspace. All else is the installation's. */
const ON_ONE = /^\/api\/v1\/(instances|snapshots|backup|standby)\b/;

/** What each of them may do somewhere: whoever owns a workspace does all with it, but a viewer only looks. */
const MAY: Readonly<Record<(typeof PEOPLE)[number], readonly string[]>> = {
  nobody: [],
  forger: [],
  vera: ['viewer'],
  otto: ['viewer', 'operator', 'admin'],
  ana: ['viewer', 'operator', 'admin'],
  ci: ['viewer', 'operator', 'admin'],
  boss: ['viewer', 'operator', 'admin'],
};

/** What takes more than a lucky guess to go well: a password, a running machine, an id that was given out. */
const HARD: ReadonlySet<string> = new Set([
  'POST /api/v1/agent/status', // only where a public address is set, and by the server before us
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'PUT /api/v1/me/password',
  'DELETE /api/v1/instances/{id}',
  'POST /api/v1/snapshots',
  'POST /api/v1/snapshots/{id}/restore',
  'POST /api/v1/instances/{id}/run',
  'POST /api/v1/instances/{id}/pause',
  'POST /api/v1/instances/{id}/resume',
  'POST /api/v1/instances/{id}/abandon',
  'GET /api/v1/instances/{id}/ssh',
  'GET /api/v1/instances/{id}/at-risk',
  'GET /api/v1/operations/{id}',
  'DELETE /api/v1/reports/{id}', // its name is chance
  'POST /api/v1/backup/create',
  'GET /api/v1/snapshots/{id}/files',
  'GET /api/v1/snapshots/{id}/diff',
  'GET /api/v1/snapshots/{id}/download',
  'POST /api/v1/drills',
  'POST /api/v1/snapshots/{id}/clone',
  'POST /api/v1/snapshots/{id}/share',
  'PUT /api/v1/snapshots/{id}/pin',
  'DELETE /api/v1/snapshots/{id}/pin',
  'DELETE /api/v1/snapshots/{id}',
  'DELETE /api/v1/backup/{project_id}/{backup_id}',
  'POST /api/v1/backup/restore',
  'GET /api/v1/backup/info/{project_id}/{backup_id}',
  'DELETE /api/v1/tokens/{id}',
  'DELETE /api/v1/budgets',
  'POST /api/v1/local/misbehave',
  'POST /api/v1/local/gpu',
]);

function fits(method: string, path: string, answer: { status: number; text: string }, say: string): void {
  const route = ROUTES.find(
    (one) => one.method === method.toLowerCase() && one.path === path.replaceAll(/\{(\w+)\}/g, ':$1'),
  );
  const schema = route?.answers[answer.status];
  if (schema) expect(schema.safeParse(JSON.parse(answer.text)).error, `${say}\n${answer.text}`).toBeUndefined();
  else expect(answer.text, say).toBe('');
}

function requests() {
  return fc.oneof(
    ...OPERATIONS.map(({ path, method, operation }) =>
      fc
        .record({
          person: fc.constantFrom(...PEOPLE),
          url: urlOf(path, operation),
          body: bodyOf(operation),
        })
        .map((rest) => ({ path, method, operation, ...rest })),
    ),
  );
}

const NAMES = ['lab', 'train', 'otto', 'vera', 'ana'];
/** What says which workspace is meant, outside of a path. */
const ABOUT: ReadonlySet<string> = new Set(['instance_id', 'project_id']);
const SCHEDULES = ['s1', 's2'];
const TRICKS = ['..', '%2e%2e%2f', '%00', 'lab%2f..%2ftrain', '__proto__', 'a'.repeat(300), '%F0%9F%92%A9', 'LAB'];

function urlOf(path: string, { parameters }: OpenOperation): fc.Arbitrary<string> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...(name === 'schedule' ? SCHEDULES : NAMES)) },
      { weight: 1, arbitrary: fc.constantFrom(...TRICKS) },
      { weight: 1, arbitrary: fc.webSegment().filter((text) => text !== '') },
    ),
  );
  const inQuery = parameters
    .filter((it) => it.in === 'query')
    .map(({ name, schema, required }) => {
      const right = fitting(schema as Schema).map(String);
      const wrong = fc.oneof(fc.string(), fc.constantFrom('', 'null', '-1', '1e99', '[]', '{}'));
      const value = fc.oneof(
        { weight: 5, arbitrary: ABOUT.has(name) ? fc.constantFrom(...NAMES) : right },
        { weight: 1, arbitrary: wrong },
      );
      return fc.option(
        value.map((text) => [name, text] as const),
        { freq: required ? 8 : 1, nil: null },
      );
    });
  return fc
    .tuple(fc.tuple(...inPath), fc.tuple(...inQuery), fc.constantFrom('', '', '', '', 'x=1'))
    .map(([names, given, more]) => {
      let at = 0;
      const filled = path.replaceAll(/\{\w+\}/g, () => names[at++] ?? '');
      const search = new URLSearchParams(given.filter((pair) => pair !== null) as unknown as [string, string][]);
      const query = [search.toString(), more].filter((part) => part !== '').join('&');
      return query === '' ? filled : `${filled}?${query}`;
    });
}

function bodyOf({ requestBody }: OpenOperation): fc.Arbitrary<string | undefined> {
  const schema = requestBody?.content['application/json']?.schema as Schema | undefined;
  if (!schema) return fc.constantFrom(undefined, undefined, '{}', '{"x":1}');
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fitting(schema), fc.constantFrom(...NAMES))
        .map(([value, name]) => JSON.stringify(value, (key, it) => (ABOUT.has(key) ? name : it))),
    },
    { weight: 2, arbitrary: broken(schema).map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '[]', 'null', '"x"', '{"a":1', '\u0000', '{"__proto__":{"x":1}}'),
    },
  );
}
