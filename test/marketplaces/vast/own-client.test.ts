import { expect, test } from 'vitest';
import { GOOD_KEY } from '../../standins/vast/account.ts';
import { never, PROMPT, type VastWorld, vastWorld } from './vast-world.ts';

/** Calls and bodies as vast's own command line (vastai 1.9.1) sends them, kept a little apart. */
async function ask(w: VastWorld, method: string, path: string, body: unknown = {}) {
  const headers = { authorization: `Bearer ${GOOD_KEY}` };
  const url = `http://vast.test${path}`;
  await w.clock.sleep(6_000, never);
  const { status, text } = await w.send({ method, url, headers, body: JSON.stringify(body) }, never);
  return { status, body: JSON.parse(text) as Record<string, never> };
}

const FILTERS = {
  verified: { eq: true },
  external: { eq: false },
  rentable: { eq: true },
  rented: { eq: false },
  gpu_name: { eq: 'RTX 4090' },
  num_gpus: { eq: '1' },
  reliability: { gt: '0.9' },
  compute_cap: { gte: '800' },
  order: [['score', 'desc']],
  type: 'on-demand',
  allocated_storage: 5,
};

const CREATE = {
  client_id: 'me',
  image: 'pytorch/pytorch',
  env: { A: 'b', '-p 8080:8080': '1' },
  price: null,
  disk: 20,
  label: null,
  extra: null,
  onstart: null,
  image_login: null,
  python_utf8: false,
  lang_utf8: false,
  use_jupyter_lab: false,
  jupyter_dir: null,
  force: false,
  cancel_unavail: false,
  template_hash_id: null,
  user: null,
  runtype: 'ssh_direc ssh_proxy',
  something_newer: 1,
};

test("vast's own client finds, rents, changes and ends a machine at the stand-in", async () => {
  const w = vastWorld({ boot: PROMPT });
  const found = await ask(w, 'POST', '/api/v0/bundles/', FILTERS);
  const also = await ask(w, 'PUT', '/api/v0/search/asks/', { select_cols: ['*'], q: FILTERS });
  const ids = ({ body }: typeof found) => (body.offers as unknown as { id: number }[]).map(({ id: ask }) => ask);
  expect(ids(also)).toEqual(ids(found));
  const made = await ask(w, 'PUT', `/api/v0/asks/${ids(found)[0]}/`, CREATE);
  expect(made).toMatchObject({ status: 200, body: { success: true, new_contract: expect.any(Number) } });
  const id = Number(made.body.new_contract);
  const listed = await ask(
    w,
    'GET',
    '/api/v1/instances/?select_filters={}&order_by=[{"col":"id","dir":"asc"}]&limit=25',
  );
  expect(listed.body.instances).toMatchObject([{ id, extra_env: Object.entries(CREATE.env) }]);
  for (const [method, path, body] of [
    ['GET', `/api/v0/instances/${id}/?owner=me`, {}],
    ['PUT', `/api/v0/instances/${id}/`, { label: 'mine' }],
    ['PUT', `/api/v0/instances/${id}/`, { state: 'stopped' }],
    ['PUT', '/api/v0/instances/', { state: 'running', ids: [id] }],
    ['PUT', `/api/v0/instances/reboot/${id}/`, {}],
    ['PUT', '/api/v0/instances/', { state: 'stopped', ids: [id] }],
    ['POST', '/api/v0/instances/start', { IDs: [id] }],
    ['PUT', `/api/v0/instances/request_logs/${id}/`, { tail: '1000' }],
    ['POST', '/api/v0/ssh/', { ssh_key: 'ssh-ed25519 AAAA me' }],
    ['GET', '/api/v0/ssh/', {}],
    ['POST', `/api/v0/instances/${id}/ssh/`, { ssh_key: 'ssh-ed25519 BBBB me' }],
    ['GET', `/api/v0/instances/${id}/ssh/`, {}],
    ['DELETE', `/api/v0/instances/${id}/ssh/1/`, {}],
    ['GET', '/api/v0/users/current?owner=me', {}],
    ['GET', '/api/v1/invoices/', {}],
    ['DELETE', `/api/v0/instances/${id}/`, {}],
  ] as const)
    expect(await ask(w, method, path, body), `${method} ${path}`).toMatchObject({ status: 200 });
  const [rental] = w.account.rentals;
  expect(rental).toMatchObject({ label: 'mine', intended: 'running', sshKeys: ['ssh-ed25519 BBBB me'] });
  expect(rental?.endedAt).not.toBeNull();
});

test.each([
  ['no image and no template', { image: null }],
  ['a way to run that there is not', { runtype: 'telnet' }],
  ['a disk that is too small', { disk: 4 }],
  ['a start that is too long', { onstart: 'x'.repeat(3_000), args_str: 'y'.repeat(2_000) }],
])('%s is refused, and nothing is rented', async (_, change) => {
  const w = vastWorld();
  const [offer] = await w.market.offers({}, never);
  const answer = await ask(w, 'PUT', `/api/v0/asks/${offer!.id}/`, { ...CREATE, ...change });
  expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_args' } });
  expect(w.account.rentals).toEqual([]);
});

test('flags of docker in one text say the same as an object, and a machine that should stand still does', async () => {
  const w = vastWorld();
  const [offer] = await w.market.offers({}, never);
  const env = '-e A=b -e C=d=e -p 8080:8080';
  await ask(w, 'PUT', `/api/v0/asks/${offer!.id}/`, { ...CREATE, env, target_state: 'stopped' });
  expect(w.account.rentals[0]).toMatchObject({ env: { A: 'b', C: 'd=e', '-p 8080:8080': '1' }, intended: 'stopped' });
});
