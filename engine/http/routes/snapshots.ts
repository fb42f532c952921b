import * as z from 'zod';
import { type Backup, fits, lastOf, onePerContent, SNAPSHOT_KINDS } from '../../domain/snapshot.ts';
import { LABELS } from '../json/backup.ts';
import { InstanceId } from '../json/instance.ts';
import { OperationJson, operationJson } from '../json/operation.ts';
import { RestorePlanJson, restorePlanJson } from '../json/restore-plan.ts';
import { listedJson, SnapshotsJson } from '../json/snapshot.ts';
import { MachinePath } from '../json/spec.ts';
import { ordered, PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';
import { WAKE_FIELDS, wakeChoice } from './instances.ts';

/** Its place in the order of their age. */
export const placeOf = ({ epoch, sequence, createdAt, id }: Backup): string =>
  `${ordered(epoch, sequence, createdAt)}-${id}`;

export const SnapshotId = z
  .string()
  .regex(/^[0-9a-f]{4,64}$/, 'expected the id of a snapshot, or its first digits: at least 4, of 0-9 and a-f');

export const snapshotRoutes = [
  route({
    method: 'get',
    path: '/api/v1/snapshots',
    verb: 'snapshots',
    query: z.strictObject({
      ...PAGE,
      instance_id: InstanceId,
      kind: z.enum(SNAPSHOT_KINDS).optional(),
      tag: z.string().max(100).optional(),
      since: z.iso.datetime().optional(),
      until: z.iso.datetime().optional(),
      good: z.enum(['true', 'false']).optional().describe('Only those that a wake may start from.'),
    }),
    answers: { 200: SnapshotsJson },
    /** Newest first, and identical content once. */
    async answer({ engine, query: { instance_id, limit, cursor, since, until, good, ...rest } }) {
      const filter = { ...rest, since: momentOf(since), until: momentOf(until), good: good === 'true' };
      const found = (await engine.backups(instance_id)).filter(fits(filter));
      const { page, next_cursor } = pageOf(onePerContent(found), ({ newest }) => placeOf(newest), { limit, cursor });
      const fates = new Map((await engine.retention(instance_id)).map((fate) => [fate.snapshot.id, fate]));
      const snapshots = page.map((alike) => {
        const all = [alike.newest, ...alike.others].flatMap(({ id }) => fates.get(id) ?? []);
        return listedJson(alike, lastOf(all));
      });
      const total = (await engine.snapshots(instance_id)).length;
      return { status: 200, body: { snapshots, total, next_cursor } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots',
    verb: 'snapshot',
    body: z.strictObject({
      instance_id: InstanceId,
      ...LABELS,
    }),
    answers: { 202: OperationJson },
    async answer({ engine, body, asked }) {
      const { instance_id, ...how } = body;
      return { status: 202, body: operationJson(await engine.snapshot(instance_id, how, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots/:id/clone',
    verb: 'clone',
    say: 'Make a new workspace of a snapshot; of one that somebody else owns under a key of its own, without its secrets',
    params: z.object({ id: SnapshotId }),
    body: z.strictObject({ instance_id: InstanceId, into: InstanceId.describe('The name of the new workspace.') }),
    answers: { 202: OperationJson },
    async answer({ engine, params, body: { instance_id, into }, asked }) {
      return { status: 202, body: operationJson(await engine.clone(instance_id, params.id, { into }, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots/:id/share',
    verb: 'give',
    params: z.object({ id: SnapshotId }),
    body: z.strictObject({
      instance_id: InstanceId,
      with: z.string().min(1).max(40).describe('The account that gets it.'),
      into: InstanceId.describe('The name of their new workspace.'),
    }),
    answers: { 202: OperationJson },
    async answer({ engine, params, body: { instance_id, with: to, into }, asked }) {
      return { status: 202, body: operationJson(await engine.give(instance_id, params.id, { to, into }, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/snapshots/:id/restore',
    verb: 'restore',
    params: z.object({ id: SnapshotId }),
    body: z
      .strictObject({
        instance_id: InstanceId,
        ...WAKE_FIELDS,
        onto: z
          .enum(['new', 'running'])
          .optional()
          .describe('A new machine, which the workspace wakes on, or the one that people work on now.'),
        path: MachinePath.optional().describe('Only this file or directory of it; onto the running machine.'),
        into: MachinePath.optional().describe('Into this directory of the running machine, beside what is there.'),
        overwrite: z
          .boolean()
          .default(false)
          .describe('What is on the machine now gives way to it; a checkpoint is taken before.'),
        dry_run: z.boolean().optional().describe('Only what it would do; it is refused for what the restore would be.'),
      })
      .refine(({ onto, path, into }) => onto !== 'new' || (path === undefined && into === undefined), {
        message: 'a new machine gets all of it; path and into are for the running one',
      }),
    answers: { 200: RestorePlanJson, 202: OperationJson },
    async answer({ engine, params: { id: snapshot }, body, asked, signal }) {
      const { instance_id, onto, path = null, into = null, overwrite, dry_run, ...how } = body;
      const running = onto === 'running' || path !== null || into !== null;
      const wake = { ...wakeChoice(how), snapshot };
      if (dry_run) {
        const wanted = running
          ? ({ onto: 'running', snapshot, path, into } as const)
          : ({ onto: 'new', ...wake } as const);
        return { status: 200, body: restorePlanJson(await engine.restorePlan(instance_id, wanted, signal)) };
      }
      const operation = running
        ? await engine.bringBack(instance_id, { snapshot, path, into, overwrite }, asked)
        : await engine.wake(instance_id, wake, asked);
      return { status: 202, body: operationJson(operation) };
    },
  }),
];

const momentOf = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));
