import * as z from 'zod';
import type { WakeChoice } from '../../domain/doors.ts';
import { Failure } from '../../domain/failures.ts';
import { ConfigureJson, CreateJson } from '../json/create.ts';
import {
  InstanceId,
  InstanceJson,
  InstancesJson,
  instanceJson,
  SshJson,
  sshJson,
  WorkspaceJson,
  workspaceJson,
} from '../json/instance.ts';
import { NeedJson, needFrom } from '../json/offer.ts';
import { OperationJson, operationJson } from '../json/operation.ts';
import { QuoteJson, quoteJson } from '../json/quote.ts';
import { RiskJson, riskJson } from '../json/risk.ts';
import { specFrom } from '../json/spec.ts';
import { PAGE } from '../page.ts';
import { route } from '../route.ts';

const Id = z.object({ id: InstanceId });

export const SET_ASIDE = z
  .boolean()
  .optional()
  .describe('From an older one although the newest good one holds what it does not: that is kept as a checkpoint.');

export const WAKE_FIELDS = {
  need: NeedJson.optional().describe("Narrows what the workspace's own need says."),
  cap_dollars: z.number().positive().max(10_000).optional(),
  set_aside: SET_ASIDE,
};
const WakeJson = z.strictObject({
  ...WAKE_FIELDS,
  snapshot_id: z
    .string()
    .min(4)
    .max(64)
    .optional()
    .describe('An id or its unique beginning; the newest good one if missing.'),
  dry_run: z.boolean().optional().describe('Only a quote: nothing is rented.'),
});

const KeepJson = z.strictObject({
  for_seconds: z.number().positive().nullable().describe('Awake for so long from now, idle or not; null ends that.'),
  why: z.string().trim().max(1_000).default(''),
});

const PATHS_MAX = 1_000;
const ARGUMENTS_MAX = 1_000;
const RunJson = z.strictObject({
  argv: z
    .array(
      z
        .string()
        .max(131_072)
        .refine((word) => !word.includes('\0'), 'an argument has no zero byte in it'),
    )
    .min(1)
    .max(ARGUMENTS_MAX)
    .describe('The program and its arguments, run without a shell in /workspace.'),
  then_hibernate: z.boolean().default(true).describe('Asleep when it has ended, however it ended.'),
});

/** Workspaces. An instance's id is its workspace's name and outlives every machine. */
export const instanceRoutes = [
  route({
    method: 'get',
    path: '/api/v1/instances',
    verb: 'status',
    query: z.strictObject({ ...PAGE, cursor: InstanceId.optional().describe('The next_cursor of the page before.') }),
    answers: { 200: InstancesJson },
    async answer({ engine, query: { limit, cursor } }) {
      const views = await engine.status(null, { after: cursor, limit: limit + 1 });
      const page = views.slice(0, limit);
      const next = views.length > limit ? (page.at(-1)?.workspace.id ?? null) : null;
      return { status: 200, body: { instances: page.map(instanceJson), next_cursor: next } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances',
    verb: 'create',
    body: CreateJson,
    answers: { 201: WorkspaceJson },
    async answer({ engine, body, asked }) {
      const workspace = await engine.create(body.id, specFrom(body), asked);
      return { status: 201, body: workspaceJson(workspace), location: `/api/v1/instances/${workspace.id}` };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/instances/:id',
    verb: 'status',
    params: Id,
    answers: { 200: InstanceJson },
    async answer({ engine, params }) {
      const [view] = await engine.status(params.id);
      return { status: 200, body: view && instanceJson(view) };
    },
  }),

  route({
    method: 'patch',
    path: '/api/v1/instances/:id',
    verb: 'configure',
    params: Id,
    body: ConfigureJson,
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, body, asked }) {
      const workspace = await engine.configure(params.id, specFrom(body), asked);
      return { status: 200, body: workspaceJson(workspace) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/instances/:id',
    verb: 'destroy',
    params: Id,
    say: 'Save a workspace and release its machine; with purge, forget it and its snapshots',
    query: z.strictObject({ purge: z.enum(['true', 'false']).optional() }),
    answers: { 202: OperationJson, 204: null },
    /** Its machine is saved and released; only with `purge` the workspace and its snapshots go, once it sleeps. */
    async answer({ engine, params, query, asked }) {
      if (query.purge !== 'true')
        return { status: 202, body: operationJson(await engine.hibernate(params.id, {}, asked)) };
      await engine.destroy(params.id, { purge: true }, asked);
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/wake',
    verb: 'wake',
    params: Id,
    body: WakeJson,
    answers: { 200: QuoteJson, 202: OperationJson },
    async answer({ engine, params, body, asked }) {
      const choice = { ...wakeChoice(body), snapshot: body.snapshot_id };
      if (body.dry_run) return { status: 200, body: quoteJson(await engine.quote(params.id, choice)) };
      return { status: 202, body: operationJson(await engine.wake(params.id, choice, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/hibernate',
    verb: 'hibernate',
    params: Id,
    body: z.strictObject({
      agreed_to_lose: z
        .array(z.string().min(1).max(20_000))
        .max(PATHS_MAX)
        .default([])
        .describe(
          'Once: go on although these are in no backup, as `at-risk` names them. Whatever else is in none holds it.',
        ),
    }),
    answers: { 202: OperationJson },
    async answer({ engine, params, body, asked }) {
      const how = { agreedToLose: body.agreed_to_lose };
      return { status: 202, body: operationJson(await engine.hibernate(params.id, how, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/pause',
    verb: 'pause',
    params: Id,
    answers: { 202: OperationJson },
    async answer({ engine, params, asked }) {
      return { status: 202, body: operationJson(await engine.pause(params.id, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/resume',
    verb: 'resume',
    params: Id,
    answers: { 202: OperationJson },
    /** No race, and no other machine: whoever wants that wakes it. */
    async answer({ engine, params, asked }) {
      const [view] = await engine.status(params.id);
      if (view && view.sight !== 'paused') throw new Failure('not_paused', { workspace: params.id, sight: view.sight });
      return { status: 202, body: operationJson(await engine.wake(params.id, {}, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/keep',
    verb: 'keep',
    params: Id,
    body: KeepJson,
    answers: { 200: WorkspaceJson },
    async answer({ engine, params, body, asked }) {
      const how = { forMs: body.for_seconds === null ? null : body.for_seconds * 1_000, why: body.why };
      return { status: 200, body: workspaceJson(await engine.keep(params.id, how, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/run',
    verb: 'run',
    params: Id,
    body: RunJson,
    answers: { 202: OperationJson },
    async answer({ engine, params, body, asked }) {
      const how = { argv: body.argv, thenHibernate: body.then_hibernate };
      return { status: 202, body: operationJson(await engine.run(params.id, how, asked)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/instances/:id/at-risk',
    verb: 'status',
    params: Id,
    answers: { 200: RiskJson },
    async answer({ engine, params, signal }) {
      return { status: 200, body: riskJson(await engine.atRisk(params.id, signal)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/abandon',
    verb: 'abandon',
    params: Id,
    body: z.strictObject({ why: z.string().trim().min(1).max(1_000) }),
    answers: { 202: OperationJson },
    async answer({ engine, params, body, asked }) {
      return { status: 202, body: operationJson(await engine.abandon(params.id, body, asked)) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/instances/:id/rekey',
    verb: 'rekey',
    params: Id,
    answers: { 202: OperationJson },
    async answer({ engine, params, asked }) {
      return { status: 202, body: operationJson(await engine.rekey(params.id, asked)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/instances/:id/ssh',
    verb: 'ssh',
    params: Id,
    answers: { 200: SshJson },
    async answer({ engine, params, record }) {
      const target = await engine.ssh(params.id);
      await record('ssh', params.id, `told how to reach ${target.machine}`);
      return { status: 200, body: sshJson(target) };
    },
  }),
];

/** What waking and restoring have in common. */
export function wakeChoice(body: z.output<z.ZodObject<typeof WAKE_FIELDS>>): WakeChoice {
  return { need: body.need && needFrom(body.need), capDollars: body.cap_dollars, setAside: body.set_aside };
}
