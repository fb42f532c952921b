import * as z from 'zod';
import { InstanceId } from '../json/instance.ts';
import { SetStandby, StandbyJson, standbyJson } from '../json/standby.ts';
import { route } from '../route.ts';

/** A machine without a GPU, for when none with one can be had. */
export const standbyRoutes = [
  route({
    method: 'get',
    path: '/api/v1/standby',
    verb: 'status',
    say: 'Whether a workspace has a standby, and what that costs',
    query: z.strictObject({ instance_id: InstanceId }),
    answers: { 200: StandbyJson },
    async answer({ engine, query }) {
      return { status: 200, body: standbyJson(await engine.standby(query.instance_id)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/standby',
    verb: 'standby',
    body: SetStandby,
    answers: { 200: StandbyJson },
    async answer({ engine, body, asked }) {
      const how = { on: body.on, agreedDollarsPerMonth: body.agreed_dollars_per_month ?? null };
      return { status: 200, body: standbyJson(await engine.standBy(body.instance_id, how, asked)) };
    },
  }),
];
