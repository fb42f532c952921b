import * as z from 'zod';
import { BackupJson, BackupsJson, BackupType, backupJson, LABELS } from '../json/backup.ts';
import { InstanceId } from '../json/instance.ts';
import { OperationJson, operationJson } from '../json/operation.ts';
import { MachinePath } from '../json/spec.ts';
import { PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';
import { SET_ASIDE } from './instances.ts';
import { placeOf, SnapshotId } from './snapshots.ts';

/** The backup API. A project is a workspace, a backup one of its snapshots. */
export const backupRoutes = [
  route({
    method: 'post',
    path: '/api/v1/backup/create',
    verb: 'snapshot',
    body: z.strictObject({
      project_id: InstanceId,
      backup_type: BackupType.default('INCREMENTAL'),
      data_dir: MachinePath.optional().describe(
        'Refused when it lies outside of what is backed up. The backup always holds the whole workspace.',
      ),
      ...LABELS,
    }),
    answers: { 202: OperationJson },
    async answer({ engine, body: { project_id, backup_type, data_dir, ...labels }, asked }) {
      const how = { ...labels, type: backup_type, holds: data_dir };
      return { status: 202, body: operationJson(await engine.snapshot(project_id, how, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/backup/restore',
    verb: 'restore',
    body: z.strictObject({
      project_id: InstanceId,
      backup_id: SnapshotId,
      restore_dir: MachinePath.optional().describe(
        'A directory of the running machine to put all of it in. Without it the workspace wakes from that backup.',
      ),
      set_aside: SET_ASIDE,
    }),
    answers: { 202: OperationJson },
    async answer({ engine, body: { project_id, backup_id, restore_dir, set_aside: setAside }, asked }) {
      const how = { snapshot: backup_id, path: null, into: restore_dir ?? null, overwrite: false };
      const operation =
        restore_dir === undefined
          ? await engine.wake(project_id, { snapshot: backup_id, setAside }, asked)
          : await engine.bringBack(project_id, how, asked);
      return { status: 202, body: operationJson(operation) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/backup/list/:project_id',
    verb: 'snapshots',
    params: z.object({ project_id: InstanceId }),
    query: z.strictObject(PAGE),
    answers: { 200: BackupsJson },
    /** Newest first, every one of them, and before them those on their way. */
    async answer({ engine, params, query }) {
      const { page, next_cursor } = pageOf(await engine.backups(params.project_id), placeOf, query);
      return { status: 200, body: { backups: page.map(backupJson), next_cursor } };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/backup/:project_id/:backup_id',
    verb: 'forget',
    params: z.object({ project_id: InstanceId, backup_id: SnapshotId }),
    answers: { 200: BackupJson },
    async answer({ engine, params: { project_id, backup_id }, asked }) {
      const how = { newest: false, why: '' };
      return { status: 200, body: backupJson(await engine.forget(project_id, backup_id, how, asked)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/backup/info/:project_id/:backup_id',
    verb: 'snapshots',
    params: z.object({
      project_id: InstanceId,
      backup_id: z
        .string()
        .regex(/^[0-9a-z]{1,64}$/, 'expected the id of a snapshot or its beginning')
        .describe('Until it is there, the operation that asked for it.'),
    }),
    answers: { 200: BackupJson },
    async answer({ engine, params }) {
      return { status: 200, body: backupJson(await engine.findBackup(params.project_id, params.backup_id)) };
    },
  }),
];
