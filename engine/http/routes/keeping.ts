import * as z from 'zod';
import { BackupSettingsJson, backupSettingsJson, ChangeBackupSettings, everyMs } from '../json/backup-settings.ts';
import { FatesJson, fatesJson } from '../json/fate.ts';
import { InstanceId } from '../json/instance.ts';
import { PlansJson, plansJson } from '../json/plan.ts';
import { SnapshotJson, snapshotJson } from '../json/snapshot.ts';
import { present } from '../json/wire.ts';
import { route } from '../route.ts';
import { SnapshotId } from './snapshots.ts';

const Id = z.object({ id: SnapshotId });
const Of = z.strictObject({ instance_id: InstanceId });
const Why = z.string().trim().max(1_000).default('');

/** How often, how long, and which of them. */
export const keepingRoutes = [
  route({
    method: 'get',
    path: '/api/v1/snapshots/config',
    verb: 'snapshots',
    say: 'How a workspace is backed up',
    query: Of,
    answers: { 200: BackupSettingsJson },
    async answer({ engine, query }) {
      const [view] = await engine.status(query.instance_id);
      return { status: 200, body: view && backupSettingsJson(view.workspace) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots/config',
    verb: 'configure',
    say: 'Change how a workspace is backed up',
    body: ChangeBackupSettings,
    answers: { 200: BackupSettingsJson },
    async answer({ engine, body, asked }) {
      const spec = present({
        plan: body.plan,
        backupEveryMs: everyMs(body),
        retentionDays: body.retention_days,
        include: body.include_paths,
        exclude: body.exclude_paths,
      });
      return { status: 200, body: backupSettingsJson(await engine.configure(body.instance_id, spec, asked)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/snapshots/retention',
    verb: 'snapshots',
    say: 'Which snapshots would stay and which would go now, and why',
    query: Of,
    answers: { 200: FatesJson },
    async answer({ engine, query }) {
      return { status: 200, body: fatesJson(await engine.retention(query.instance_id)) };
    },
  }),

  route({
    method: 'put',
    path: '/api/v1/snapshots/:id/pin',
    verb: 'pin',
    params: Id,
    body: Of.extend({ why: Why }),
    answers: { 200: SnapshotJson },
    async answer({ engine, params, body: { instance_id, why }, asked }) {
      return {
        status: 200,
        body: snapshotJson(await engine.pin(instance_id, params.id, { pinned: true, why }, asked)),
      };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/snapshots/:id/pin',
    verb: 'pin',
    say: 'Let a snapshot go in its time again',
    params: Id,
    query: Of,
    answers: { 200: SnapshotJson },
    async answer({ engine, params, query, asked }) {
      const how = { pinned: false, why: '' };
      return { status: 200, body: snapshotJson(await engine.pin(query.instance_id, params.id, how, asked)) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/snapshots/:id',
    verb: 'forget',
    params: Id,
    query: Of.extend({
      newest: z.enum(['true', 'false']).optional().describe('Also when the next wake would start from it.'),
      why: Why,
    }),
    answers: { 200: SnapshotJson },
    async answer({ engine, params, query: { instance_id, newest, why }, asked }) {
      const how = { newest: newest === 'true', why };
      return { status: 200, body: snapshotJson(await engine.forget(instance_id, params.id, how, asked)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/plans',
    verb: 'plans',
    query: z.strictObject({
      instance_id: InstanceId.optional().describe('Priced for this one; else a typical one.'),
      restore_bytes: z.coerce
        .number()
        .int()
        .nonnegative()
        .optional()
        .describe('Price a restore of so much, not of all.'),
    }),
    answers: { 200: PlansJson },
    async answer({ engine, query }) {
      return {
        status: 200,
        body: plansJson(await engine.plans(query.instance_id ?? null, query.restore_bytes ?? null)),
      };
    },
  }),
];
