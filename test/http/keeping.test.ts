import { expect, test } from 'vitest';
import { house } from './house.ts';

test('how a workspace is backed up is read and changed, in minutes or in seconds', async () => {
  using h = house();
  const path = '/api/v1/snapshots/config';
  const { body } = await h.ask('GET', `${path}?instance_id=lab`);
  expect(body).toMatchObject({ instance_id: 'lab', plan: expect.any(String), frequency_seconds: null });
  const change = { instance_id: 'lab', frequency_minutes: 15, retention_days: 30, exclude_paths: ['*.ckpt'] };
  expect((await h.ask('POST', path, change)).body).toMatchObject({
    frequency_seconds: 900,
    retention_days: 30,
    exclude_paths: ['*.ckpt'],
  });
  expect(h.asked.at(-1)?.args[1]).toEqual({ backupEveryMs: 900_000, retentionDays: 30, exclude: ['*.ckpt'] });
  expect(
    (await h.ask('POST', path, { instance_id: 'lab', frequency_seconds: null })).body.frequency_seconds,
  ).toBeNull();
  const both = await h.ask('POST', path, { instance_id: 'lab', frequency_minutes: 1, frequency_seconds: 60 });
  expect([both.status, both.body.detail]).toEqual([400, expect.stringContaining('not both')]);
});

test('a snapshot is pinned, let go and removed by its id, and the words before that are no ids', async () => {
  using h = house();
  const [known] = h.snapshots;
  const id = known!.id.slice(0, 8);
  await h.ask('PUT', `/api/v1/snapshots/${id}/pin`, { instance_id: 'lab', why: 'the paper' });
  expect(h.asked.at(-1)?.args).toEqual(['lab', id, { pinned: true, why: 'the paper' }]);
  await h.ask('DELETE', `/api/v1/snapshots/${id}/pin?instance_id=lab`);
  expect(h.asked.at(-1)?.args).toEqual(['lab', id, { pinned: false, why: '' }]);
  await h.ask('DELETE', `/api/v1/snapshots/${id}?instance_id=lab&newest=true`);
  expect(h.asked.at(-1)).toMatchObject({ what: 'forget', args: ['lab', id, { newest: true, why: '' }] });
  await h.ask('DELETE', `/api/v1/backup/lab/${id}`);
  expect(h.asked.at(-1)).toMatchObject({ what: 'forget', args: ['lab', id, { newest: false }] });
  expect((await h.ask('DELETE', '/api/v1/snapshots/retention?instance_id=lab')).status).toBe(400);
});
