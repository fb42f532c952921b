import { z } from 'zod';
import { InstanceId } from '../json/instance.ts';
import { OperationJson, operationJson } from '../json/operation.ts';
import { SnapshotsJson, snapshotJson } from '../json/snapshot.ts';
import { route } from '../route.ts';
import { WAKE_FIELDS, wakeChoice } from './instances.ts';

const TAGS_MAX = 50;

export const snapshotRoutes = [
  route({
    method: 'get',
    path: '/api/v1/snapshots',
    verb: 'snapshots',
    query: z.strictObject({ instance_id: InstanceId }),
    answers: { 200: SnapshotsJson },
    async answer({ engine, query }) {
      const snapshots = await engine.snapshots(query.instance_id);
      return { status: 200, body: { snapshots: snapshots.map(snapshotJson) } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots',
    verb: 'snapshot',
    body: z.strictObject({
      instance_id: InstanceId,
      description: z.string().max(1_000).default(''),
      tags: z.array(z.string().min(1).max(100)).max(TAGS_MAX).default([]),
    }),
    answers: { 202: OperationJson },
    async answer({ engine, body, asked }) {
      const { instance_id, ...how } = body;
      return { status: 202, body: operationJson(await engine.snapshot(instance_id, how, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots/:id/restore',
    verb: 'restore',
    params: z.object({ id: z.string().regex(/^[0-9a-f]{4,64}$/, 'expected the id of a snapshot or its beginning') }),
    body: z.strictObject({ instance_id: InstanceId, ...WAKE_FIELDS }),
    answers: { 202: OperationJson },
    async answer({ engine, params, body, asked }) {
      const choice = { ...wakeChoice(body), snapshot: params.id };
      return { status: 202, body: operationJson(await engine.wake(body.instance_id, choice, asked)) };
    },
  }),
];
