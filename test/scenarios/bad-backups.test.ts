import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';
import { house } from '../http/house.ts';

/** The real engine behind the API: a workspace that sleeps with three snapshots, and another one without any. */
async function backedUp() {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  for (const text of ['one', 'two', 'three']) {
    machine.write('workspace/a.txt', text);
    await engine.snapshot('lab', { description: text }, ANA);
    await w.clock.advance(MINUTE);
  }
  await engine.hibernate('lab', {}, ANA);
  await engine.create('train', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [oldest, older, newer] = (await engine.snapshots('lab')).toReversed();
  const h = house({ engineFor: () => engine });
  return { w, h, newer: newer!, older: older!, oldest: oldest!, stop };
}

test('whatever is wrong with what is asked of backups is said in words, and nothing is lost by it', async () => {
  const { w, h, newer, older, oldest, stop } = await backedUp();
  using _ = h;
  const twin = `${oldest.id.slice(0, 8)}${'0'.repeat(56)}`;
  await w.store.save('snapshots', { ...oldest, id: twin, version: 0 });
  const deleted = await h.ask('DELETE', `/api/v1/backup/lab/${older.id}`);
  expect(deleted.status).toBe(200);
  await w.clock.advance(20 * MINUTE);
  const kept = async () => [
    (await w.store.list('snapshots')).map(({ id }) => id).toSorted(),
    (await w.store.list('operations')).length,
    (await w.store.list('workspaces')).map(({ wish, spec, asks, fetches }) => ({ wish, spec, asks, fetches })),
    (await w.store.list('machines')).map(({ state }) => state),
  ];
  const before = await kept();
  const config = { instance_id: 'lab' };
  const restore = { project_id: 'lab', backup_id: newer.id };
  for (const [what, method, path, body, status, code, says] of [
    [
      'a date that is none',
      'GET',
      'snapshots?instance_id=lab&until=2024-13-45',
      undefined,
      400,
      'bad_request',
      'until',
    ],
    [
      'an ambiguous id',
      'GET',
      `backup/info/lab/${twin.slice(0, 8)}`,
      undefined,
      400,
      'bad_request',
      'names 2 snapshots',
    ],
    ['one of another project', 'GET', `backup/info/train/${newer.id}`, undefined, 404, 'no_such_snapshot', 'of train'],
    [
      'another project restored',
      'POST',
      'backup/restore',
      { ...restore, project_id: 'train' },
      404,
      'no_such_snapshot',
      'of train',
    ],
    [
      'one that was deleted',
      'POST',
      'backup/restore',
      { ...restore, backup_id: older.id },
      410,
      'snapshot_gone',
      'was removed by',
    ],
    ['deleted twice', 'DELETE', `backup/lab/${older.id}`, undefined, 410, 'snapshot_gone', 'was removed by'],
    [
      'an interval the plan lacks',
      'POST',
      'snapshots/config',
      { ...config, frequency_seconds: 10 },
      409,
      'not_in_plan',
      'free',
    ],
    [
      'an interval there is not',
      'POST',
      'snapshots/config',
      { ...config, frequency_seconds: 45, plan: 'enterprise' },
      400,
      'bad_request',
      '30',
    ],
    [
      'both frequencies',
      'POST',
      'snapshots/config',
      { ...config, frequency_seconds: 300, frequency_minutes: 5 },
      400,
      'bad_request',
      'not both',
    ],
    [
      'a path with ..',
      'POST',
      'backup/create',
      { project_id: 'lab', data_dir: '/workspace/../etc' },
      400,
      'bad_request',
      '".."',
    ],
    [
      'files onto no machine',
      'POST',
      'backup/restore',
      { ...restore, restore_dir: '/workspace/old' },
      404,
      'no_such_machine',
      'no machine',
    ],
    ['no such project', 'GET', 'backup/list/nobody', undefined, 404, 'no_such_workspace', 'nobody'],
  ] as const) {
    const answer = await h.ask(method, `/api/v1/${path}`, body);
    expect([answer.status, answer.body.code, answer.body.detail], what).toEqual([
      status,
      code,
      expect.stringContaining(says),
    ]);
  }
  expect(await kept()).toEqual(before);
  await stop();
});

test('before the first snapshot there is none, and the list says so by being empty', async () => {
  const { h, oldest, stop } = await backedUp();
  using _ = h;
  const until = new Date(oldest.createdAt - 1).toISOString();
  const { body } = await h.ask('GET', `/api/v1/snapshots?instance_id=lab&good=true&until=${until}`);
  expect(body.snapshots).toEqual([]);
  await stop();
});

test('directories that no backup holds are refused on the running machine too', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'one');
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  using h = house({ engineFor: () => engine });
  const [{ id } = { id: '' }] = await engine.snapshots('lab');
  for (const [path, body] of [
    ['backup/create', { project_id: 'lab', data_dir: '/etc/ssh' }],
    ['backup/restore', { project_id: 'lab', backup_id: id, restore_dir: '/etc/ssh' }],
    [`snapshots/${id}/restore`, { instance_id: 'lab', into: '/etc/ssh' }],
  ] as const) {
    const answer = await h.ask('POST', `/api/v1/${path}`, body);
    expect([answer.body.code, answer.body.detail], path).toEqual(['bad_path', expect.stringContaining('/workspace')]);
  }
  expect((await engine.operations('lab')).filter(({ endedAt }) => endedAt === null)).toEqual([]);
  await stop();
});
