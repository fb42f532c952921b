import * as z from 'zod';
import { eventStream } from '../event-stream.ts';
import { EventsJson, toldJson } from '../json/event.ts';
import { InstanceId } from '../json/instance.ts';
import { OperationJson, OperationsJson, operationJson } from '../json/operation.ts';
import { ordered, PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';

const EVENTS_MAX = 10_000;
const Whole = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);

/** What happened, what happens, and how what was asked for ended. */
export const eventRoutes = [
  route({
    method: 'get',
    path: '/api/v1/events',
    verb: 'logs',
    query: z.strictObject({
      instance_id: InstanceId.optional(),
      after: Whole.optional().describe('The number of the last event that is known.'),
      limit: Whole.pipe(z.number().min(1).max(EVENTS_MAX)).optional().describe('Only the last ones; not for a stream.'),
      progress: z
        .enum(['true', 'false'])
        .optional()
        .describe('Without the steps of restores and saves; not for a stream.'),
    }),
    answers: { 200: EventsJson },
    also: { 'text/event-stream': { schema: { type: 'string' } } },
    /** A list of the past that ends, or for `Accept: text/event-stream` a stream that goes on. */
    async answer({ engine, query, header, mayStay, closing }) {
      const workspace = query.instance_id ?? null;
      if (workspace !== null) await engine.status(workspace); // an unknown name is an error, not a list that stays empty
      if (!header('accept')?.includes('text/event-stream')) {
        const past = await engine.past(query.after ?? 0, workspace, EVENTS_MAX);
        const wanted = query.progress === 'false' ? past.filter(({ event }) => !event.endsWith('.progress')) : past;
        return { status: 200, body: { events: wanted.slice(-(query.limit ?? EVENTS_MAX)).map(toldJson) } };
      }
      const newest = await engine.lastTold();
      const last = /^\d{1,15}$/.exec(header('last-event-id') ?? '')?.[0] ?? query.after;
      // Whoever does not say from where to go on gets what happens from now on. So does whoever names a number that is
      // still to come: it was given by an engine that forgot it when it stopped.
      const after = last === undefined ? newest : Math.min(Number(last), newest);
      const follow = async function* (signal: AbortSignal) {
        for await (const told of engine.events(after, workspace, signal))
          yield { id: told.number, body: toldJson(told) };
      };
      return eventStream(follow, mayStay, closing);
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/operations',
    verb: 'logs',
    say: 'What was asked for, and how it ended: newest first',
    query: z.strictObject({
      ...PAGE,
      instance_id: InstanceId.optional(),
      open: z.enum(['true', 'false']).optional().describe('Only those that have not ended, or only those that have.'),
    }),
    answers: { 200: OperationsJson },
    async answer({ engine, query: { instance_id = null, open, ...part } }) {
      const all = await engine.operations(instance_id);
      const wanted = open === undefined ? all : all.filter(({ endedAt }) => (endedAt === null) === (open === 'true'));
      const { page, next_cursor } = pageOf(wanted, ({ at, id }) => `${ordered(at)}-${id}`, part);
      return { status: 200, body: { operations: page.map(operationJson), next_cursor } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/operations/:id',
    verb: 'logs',
    params: z.object({ id: z.string().min(1).max(100) }),
    answers: { 200: OperationJson },
    async answer({ engine, params }) {
      return { status: 200, body: operationJson(await engine.operation(params.id)) };
    },
  }),
];
