import { expect, test } from 'vitest';
import type { Alert } from '../../engine/domain/alert.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import type { Drill } from '../../engine/domain/journals.ts';
import { viewOfDrills } from '../../engine/policy/drill.ts';
import { house } from './house.ts';

const alert = (at: number, resolvedAt: number | null): Alert => ({
  ...{
    id: `drill_failed/lab${at}`,
    version: 1,
    kind: 'drill_failed',
    workspace: 'lab',
    raisedAt: at,
    why: 'other bytes',
  },
  ...{ resolvedAt, resolvedBy: resolvedAt === null ? null : 'it ended by itself' },
});
const drill = (at: number, ms: number, more: Partial<Drill> = {}): Drill => ({
  ...{
    at,
    workspace: 'lab',
    snapshot: 'a'.repeat(64),
    ms,
    bytes: 9,
    files: 3,
    ok: true,
    why: '3 files are as they were',
  },
  ...more,
});
const watched = () =>
  house({
    engineFor: (_, engine): Engine => ({
      ...engine,
      alerts: async () => [alert(3, null), alert(2, 5), alert(1, null)],
      drills: async () => viewOfDrills([drill(3, 3_000), drill(2, 9_000, { part: true }), drill(1, 1_000)]),
    }),
  });

test('alerts are listed newest first with what to do, page by page, and those that are over apart', async () => {
  using h = watched();
  const { body } = await h.ask('GET', '/api/v1/alerts?open=true&limit=1');
  expect(body.alerts).toMatchObject([
    { kind: 'drill_failed', instance_id: 'lab', why: 'other bytes', mend: expect.stringContaining('Make a new one') },
  ]);
  const next = await h.ask('GET', `/api/v1/alerts?open=true&cursor=${body.next_cursor}`);
  expect(next.body.alerts.map(({ id }: Alert) => id)).toEqual(['drill_failed/lab1']);
  const over = await h.ask('GET', '/api/v1/alerts?open=false');
  expect(over.body.alerts).toMatchObject([{ resolved_by: 'it ended by itself' }]);
});

test('drills are listed with the times of those that brought everything, whichever page', async () => {
  using h = watched();
  const { body } = await h.ask('GET', '/api/v1/drills?limit=2');
  expect(body).toMatchObject({ p50_ms: 1_000, p95_ms: 3_000, samples: 2 });
  expect(body.drills.map(({ ms, part }: Drill) => [ms, part])).toEqual([
    [3_000, false],
    [9_000, true],
  ]);
  const next = await h.ask('GET', `/api/v1/drills?cursor=${body.next_cursor}`);
  expect(next.body).toMatchObject({ p95_ms: 3_000, drills: [{ ms: 1_000 }], next_cursor: null });
});
