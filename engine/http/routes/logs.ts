import * as z from 'zod';
import { LEVELS, PLACE } from '../../domain/log.ts';
import { eventStream } from '../event-stream.ts';
import { InstanceId } from '../json/instance.ts';
import { LogLinesJson, logLineJson } from '../json/log.ts';
import { PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';

const Place = z.string().regex(PLACE, 'expected the place of a line');

export const logRoutes = [
  route({
    method: 'get',
    path: '/api/v1/instances/:id/logs',
    verb: 'logs',
    say: 'The log of a workspace and its machines, newest first; or a stream of what is noted from now on',
    params: z.object({ id: InstanceId }),
    query: z.strictObject({
      ...PAGE,
      cursor: Place.optional().describe('The next_cursor of the page before.'),
      date: z.iso.date().optional().describe('Of this UTC day alone; not for a stream.'),
      level: z.enum(LEVELS).default('INFO').describe('Nothing less important.'),
      after: Place.optional().describe('For a stream: what stands behind it, first.'),
    }),
    answers: { 200: LogLinesJson },
    also: { 'text/event-stream': { schema: { type: 'string' } } },
    async answer({ engine, params: { id }, query, header, mayStay, closing }) {
      const { level: least, date: day, limit, cursor } = query;
      if (!header('accept')?.includes('text/event-stream')) {
        const lines = await engine.logs(id, { least, day, before: cursor, limit: limit + 1 });
        const { page, next_cursor } = pageOf(lines, ({ place }) => place, { limit });
        return { status: 200, body: { lines: page.map(logLineJson), next_cursor } };
      }
      await engine.status(id); // an unknown name is an error, not a stream that stays empty
      const last = Place.safeParse(header('last-event-id')).data ?? query.after ?? null;
      const follow = async function* (signal: AbortSignal) {
        for await (const line of engine.followLog(id, { least, after: last }, signal))
          yield { id: line.place, body: logLineJson(line) };
      };
      return eventStream(follow, mayStay, closing);
    },
  }),
];
