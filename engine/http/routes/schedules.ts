import * as z from 'zod';
import { InstanceId, WorkspaceJson, workspaceJson } from '../json/instance.ts';
import { NewScheduleJson } from '../json/schedule.ts';
import { route } from '../route.ts';

/** When a workspace wakes and goes to sleep by itself. */
export const scheduleRoutes = [
  route({
    method: 'post',
    path: '/api/v1/instances/:id/schedules',
    verb: 'schedule',
    params: z.object({ id: InstanceId }),
    body: NewScheduleJson,
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, body, asked }) {
      return { status: 200, body: workspaceJson(await engine.schedule(params.id, body, asked)) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/instances/:id/schedules/:schedule',
    verb: 'schedule',
    params: z.object({
      id: InstanceId,
      schedule: z.string().regex(/^s\d{1,2}$/, 'expected the id of a schedule'),
    }),
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, asked }) {
      return { status: 200, body: workspaceJson(await engine.unschedule(params.id, params.schedule, asked)) };
    },
  }),
];
