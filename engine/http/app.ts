import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Who } from '../domain/account.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import type { Log } from '../domain/ports.ts';
import { problemOf, problemResponse } from './problem.ts';
import type { House, Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { instanceRoutes } from './routes/instances.ts';
import { localRoutes } from './routes/local.ts';
import { marketRoutes } from './routes/market.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { bearerOf, isToken } from './token.ts';

const BODY_KILOBYTES_MAX = 256;
const CLIENT_LEFT = 499;

export const ROUTES: readonly Route[] = [
  ...instanceRoutes,
  ...snapshotRoutes,
  ...marketRoutes,
  ...eventRoutes,
  ...healthRoutes,
  ...localRoutes,
  ...authRoutes,
  ...accountRoutes,
  ...auditRoutes,
];

export interface Keys {
  readonly token: string;
  /** Named to whoever comes without it. */
  readonly tokenFile: string;
  /** Whoever can read that file. */
  readonly owner: Who;
}

/** The API. A token is asked for before anything else, so that a stranger does not even learn which routes there are. */
export function httpApp(house: House, keys: Keys, log: Log): Hono<Env> {
  const app = new Hono<Env>();

  app.use(async (context, next) => {
    context.set('who', await whose(context, house, keys));
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
  for (const route of ROUTES) {
    app.on(route.method, route.path, async (context) => {
      const visitor = { who: context.get('who'), from: context.env?.from ?? 'unknown' };
      return await route.serve(context, house, visitor);
    });
  }

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

interface Env {
  Variables: { who: Who | null };
  Bindings: { from?: string };
}

const OPEN: ReadonlySet<string> = new Set(
  ROUTES.filter(({ role }) => role === 'anyone').map(({ method, path }) => `${method.toUpperCase()} ${path}`),
);

async function whose({ req }: Context, { accounts }: House, { token, tokenFile, owner }: Keys): Promise<Who | null> {
  const word = bearerOf(req.header('authorization'));
  if (word === null) {
    if (OPEN.has(`${req.method} ${req.path}`)) return null;
    throw new Failure('unauthorized', { file: tokenFile });
  }
  if (isToken(word, token)) return owner;
  // The token of an engine that was started again since is no word of an account.
  if (!/^dmt_|\..*\./.test(word)) throw new Failure('unauthorized', { file: tokenFile });
  return await accounts.whose(word);
}
