import { expect, test, vi } from 'vitest';
import { pageOf } from '../../engine/http/page.ts';
import { snapshot } from './fake-engine.ts';
import { house } from './house.ts';

/** Every page of a list, and how many there were. */
async function allOf(h: ReturnType<typeof house>, path: string, rows: string, limit: number) {
  const found: { id: string }[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await h.ask('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${more}`);
    expect(status).toBe(200);
    found.push(...body[rows]);
    cursor = body.next_cursor;
    pages += 1;
  } while (cursor !== null);
  return { ids: found.map(({ id }) => id), pages };
}

test('snapshots come page by page, newest first, each once, whatever is added meanwhile', async () => {
  using h = house();
  h.snapshots.push(...Array.from({ length: 7 }, (_, at) => snapshot('lab', at + 10, `the ${at}.`)));
  const whole = await allOf(h, '/api/v1/snapshots?instance_id=lab', 'snapshots', 1_000);
  expect(whole.pages).toBe(1);
  expect(whole.ids).toHaveLength(9);
  const parts = await allOf(h, '/api/v1/snapshots?instance_id=lab', 'snapshots', 2);
  expect(parts).toEqual({ ids: whole.ids, pages: 5 });
  expect(await allOf(h, '/api/v1/backup/list/lab', 'backups', 4)).toEqual({ ids: whole.ids, pages: 3 });

  const first = await h.ask('GET', '/api/v1/snapshots?instance_id=lab&limit=4');
  h.snapshots.push(snapshot('lab', 99, 'newer'));
  const second = await h.ask('GET', `/api/v1/snapshots?instance_id=lab&limit=4&cursor=${first.body.next_cursor}`);
  expect(second.body.snapshots.map(({ id }: { id: string }) => id)).toEqual(whole.ids.slice(4, 8));
});

test('snapshots are filtered, and those of one content are one row that names the others', async () => {
  using h = house();
  const one = snapshot('lab', 20, 'for the paper');
  h.snapshots.push(
    { ...one, tags: ['paper'], kind: 'manual' },
    { ...snapshot('lab', 21, ''), contentHash: one.contentHash },
  );
  const ask = async (query: string) => (await h.ask('GET', `/api/v1/snapshots?instance_id=lab${query}`)).body.snapshots;
  const [shown] = await ask('');
  expect(shown).toMatchObject({
    id: snapshot('lab', 21, '').id,
    named: { id: one.id, description: 'for the paper', tags: ['paper'] },
    same_content_ids: [one.id],
    retention: { stays: true, why: 'the plan keeps it 7 days', pinned_by: null },
  });
  const status = await h.ask('GET', '/api/v1/instances/lab');
  expect((await ask('&good=true&limit=1'))[0].id, 'the latest is what a status names').toBe(
    status.body.newest_snapshot.id,
  );
  expect(await ask('&tag=paper')).toMatchObject([{ id: one.id }]);
  expect(await ask('&tag=nothing')).toEqual([]);
  expect(await ask(`&until=${new Date(one.createdAt - 1).toISOString()}&good=true&limit=1`)).toMatchObject([
    { description: '' },
  ]);
  expect((await h.ask('GET', '/api/v1/snapshots?instance_id=lab&kind=weekly')).status).toBe(400);
});

test('what was asked for is a list too: of one workspace, open or ended', async () => {
  using h = house({ pace: 1_000 });
  for (const id of ['lab', 'train']) await h.ask('POST', '/api/v1/instances', { id });
  const { body: op } = await h.ask('POST', '/api/v1/instances/lab/wake', {});
  const list = async (query: string) => (await h.ask('GET', `/api/v1/operations${query}`)).body.operations;
  expect(await list('?instance_id=lab&open=true')).toMatchObject([{ id: op.id, verb: 'wake' }]);
  expect(await list('?instance_id=lab&open=false')).toEqual([]);
  expect(await list('?instance_id=train')).toEqual([]);
  expect((await h.ask('GET', '/api/v1/operations?instance_id=nobody')).status).toBe(404);
});

test('a page that ends with the list has no next one', () => {
  const rows = ['c', 'b', 'a'];
  const key = (row: string) => row;
  expect(pageOf(rows, key, { limit: 3 })).toEqual({ page: rows, next_cursor: null });
  expect(pageOf(rows, key, { limit: 2 })).toEqual({ page: ['c', 'b'], next_cursor: 'b' });
  expect(pageOf(rows, key, { limit: 2, cursor: 'b' })).toEqual({ page: ['a'], next_cursor: null });
  expect(pageOf(rows, key, { limit: 2, cursor: 'a' })).toEqual({ page: [], next_cursor: null });
});

test('the backup API says the same in its own words', async () => {
  using h = house();
  const [known] = h.snapshots;
  const info = await h.ask('GET', `/api/v1/backup/info/lab/${known?.id.slice(0, 8)}`);
  expect(info.body).toMatchObject({ id: known?.id, project_id: 'lab', description: 'before the tests' });
  expect((await h.ask('GET', '/api/v1/backup/info/lab/ffff')).body.code).toBe('no_such_snapshot');
  await h.ask('POST', '/api/v1/instances/lab/wake', {});
  await vi.waitFor(async () => expect((await h.ask('GET', '/api/v1/instances/lab')).body.status).toBe('awake'), {
    timeout: 10_000,
  });
  const made = await h.ask('POST', '/api/v1/backup/create', {
    project_id: 'lab',
    backup_type: 'CHECKPOINT',
    data_dir: '/workspace/models',
    tags: ['risky'],
    extra: { ticket: '42' },
  });
  expect(made.status).toBe(202);
  expect(h.asked.at(-1)?.args[1]).toEqual({
    description: '',
    tags: ['risky'],
    extra: { ticket: '42' },
    type: 'CHECKPOINT',
    holds: 'workspace/models',
  });
  expect((await h.ask('POST', '/api/v1/backup/create', { project_id: 'lab', backup_type: 'WEEKLY' })).status).toBe(400);
});
