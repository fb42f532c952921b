import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Failure, isFailure } from '../domain/failures.ts';
import type { Log } from '../domain/ports.ts';
import { problemOf, problemResponse } from './problem.ts';
import type { House, Route } from './route.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { instanceRoutes } from './routes/instances.ts';
import { localRoutes } from './routes/local.ts';
import { marketRoutes } from './routes/market.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { holdsToken } from './token.ts';

const BODY_KILOBYTES_MAX = 256;
const CLIENT_LEFT = 499;

export const ROUTES: readonly Route[] = [
  ...instanceRoutes,
  ...snapshotRoutes,
  ...marketRoutes,
  ...eventRoutes,
  ...healthRoutes,
  ...localRoutes,
];

export interface Keys {
  readonly token: string;
  /** Named to whoever comes without it. */
  readonly tokenFile: string;
}

/** The API. The token is asked for before anything else, so that a stranger does not even learn which routes there are. */
export function httpApp(house: House, { token, tokenFile }: Keys, log: Log): Hono {
  const app = new Hono();

  app.use(async (context, next) => {
    if (!holdsToken(context.req.header('authorization'), token)) throw new Failure('unauthorized', { file: tokenFile });
    await next();
    context.header('Cache-Control', 'no-store');
  });
  app.use(
    bodyLimit({
      maxSize: BODY_KILOBYTES_MAX * 1_000,
      onError: () => {
        throw new Failure('body_too_large', { kilobytesMax: BODY_KILOBYTES_MAX });
      },
    }),
  );
  for (const route of ROUTES) app.on(route.method, route.path, (context) => route.serve(context, house));

  app.notFound(({ req }) => {
    throw new Failure('no_such_route', { method: req.method, path: req.path });
  });
  app.onError((thrown, { req }) => {
    if (req.raw.signal.aborted) return new Response(null, { status: CLIENT_LEFT }); // nobody reads it, nothing failed
    const stopped =
      house.closing.aborted && !isFailure(thrown) ? new Failure('stopping', {}, { cause: thrown }) : thrown;
    return problemResponse(problemOf(stopped, req.method, req.path, log));
  });
  return app;
}
