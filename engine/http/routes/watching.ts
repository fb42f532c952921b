import * as z from 'zod';
import { AlertsJson, alertJson } from '../json/alert.ts';
import { DrillsJson, drillJson } from '../json/drill.ts';
import { InstanceId } from '../json/instance.ts';
import { OperationJson, operationJson } from '../json/operation.ts';
import { ordered, PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';
import { SnapshotId } from './snapshots.ts';

/** What somebody should look at, and whether backups can be brought back. */
export const watchingRoutes = [
  route({
    method: 'get',
    path: '/api/v1/alerts',
    verb: 'status',
    say: 'What is wrong and what to do, and what was over lately: newest first',
    query: z.strictObject({
      ...PAGE,
      instance_id: InstanceId.optional(),
      open: z.enum(['true', 'false']).optional().describe('Only those that are not over, or only those that are.'),
    }),
    answers: { 200: AlertsJson },
    async answer({ engine, query: { instance_id = null, open, ...part } }) {
      const all = await engine.alerts(instance_id);
      const wanted = open === undefined ? all : all.filter((one) => (one.resolvedAt === null) === (open === 'true'));
      const { page, next_cursor } = pageOf(wanted, ({ raisedAt, id }) => `${ordered(raisedAt)}-${id}`, part);
      return { status: 200, body: { alerts: page.map(alertJson), next_cursor } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/drills',
    verb: 'snapshots',
    say: 'When snapshots were really restored to try them, and how long that took: newest first',
    query: z.strictObject({ ...PAGE, instance_id: InstanceId.optional() }),
    answers: { 200: DrillsJson },
    async answer({ engine, query: { instance_id = null, ...part } }) {
      const { p50Ms, p95Ms, samples, all } = await engine.drills(instance_id);
      const { page, next_cursor } = pageOf(all, ({ at, workspace }) => `${ordered(at)}-${workspace}`, part);
      const times = { p50_ms: p50Ms, p95_ms: p95Ms, samples };
      return { status: 200, body: { ...times, drills: page.map(drillJson), next_cursor } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/drills',
    verb: 'drill',
    body: z.strictObject({
      instance_id: InstanceId,
      snapshot_id: SnapshotId.optional().describe('The newest good one if missing.'),
    }),
    answers: { 202: OperationJson },
    async answer({ engine, body: { instance_id, snapshot_id = null }, asked }) {
      return { status: 202, body: operationJson(await engine.drill(instance_id, { snapshot: snapshot_id }, asked)) };
    },
  }),
];
