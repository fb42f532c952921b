import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { etag } from 'hono/etag';
import { secureHeaders } from 'hono/secure-headers';
import { reaches, type Who } from '../domain/account.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import { HEARTBEAT_PATH } from '../domain/heartbeat.ts';
import type { Log } from '../domain/ports.ts';
import { isHere } from './client-address.ts';
import { docsPage } from './docs-page.ts';
import { openApi } from './openapi.ts';
import { problemOf, problemResponse } from './problem.ts';
import { KNOWN, limitRate, STRANGERS } from './rate-limit.ts';
import type { House, Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { agentRoutes } from './routes/agent.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { backupRoutes } from './routes/backups.ts';
import { eventRoutes } from './routes/events.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { instanceRoutes } from './routes/instances.ts';
import { keepingRoutes } from './routes/keeping.ts';
import { localRoutes } from './routes/local.ts';
import { logRoutes } from './routes/logs.ts';
import { marketRoutes } from './routes/market.ts';
import { moneyRoutes } from './routes/money.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { standbyRoutes } from './routes/standby.ts';
import { watchingRoutes } from './routes/watching.ts';
import { bearerOf, isToken } from './token.ts';

const BODY_KILOBYTES_MAX = 256;
const CLIENT_LEFT = 499;
/** Of what was refused, in the audit. */
const PATH_CHARACTERS = 200;
const CORS_SECONDS = 600;
/** Anybody may ask, and asking reaches the marketplaces: so it is asked no more often than this. */
const READY_MS = 5_000;
const conditional = etag();

export const ROUTES: readonly Route[] = [
  ...instanceRoutes,
  ...scheduleRoutes,
  ...standbyRoutes,
  ...keepingRoutes, // before those that take any word for the id of a snapshot
  ...snapshotRoutes,
  ...backupRoutes,
  ...fileRoutes,
  ...marketRoutes,
  ...moneyRoutes,
  ...eventRoutes,
  ...logRoutes,
  ...watchingRoutes,
  ...healthRoutes,
  ...agentRoutes,
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
  /** Web pages of these origins may ask. */
  readonly origins: readonly string[];
}

/** What is answered before a token is asked for. */
const UNASKED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/docs', '/api/v1/openapi.json']);

/** The API. All but its health and its description asks for a token before anything else. */
export function httpApp(house: House, keys: Keys, log: Log, now: () => number = Date.now): Hono<Env> {
  const app = new Hono<Env>();
  const limit = limitRate(now);
  const ready = forAWhile(() => house.engineFor(keys.owner).health(), READY_MS, now);

  app.use(async (context, next) => {
    const began = performance.now();
    await next();
    const { method } = context.req;
    house.meter.answered(method, context.get('route') ?? 'none', context.res.status, performance.now() - began);
  });
  app.use(secureHeaders({ referrerPolicy: 'no-referrer', strictTransportSecurity: false }));
  // Without a list of origins no other web page may ask at all: a browser needs our word for that.
  if (keys.origins.length > 0) app.use(cors({ origin: [...keys.origins], maxAge: CORS_SECONDS }));
  // Every request counts: of strangers here, also on pages that are open; one that shows a wrong word further down.
  app.use(async ({ env, req }, next) => {
    if (bearerOf(req.header('authorization')) === null || UNASKED.has(req.path)) limit(`from ${env?.from}`, STRANGERS);
    await next();
  });

  for (const [path, to] of Object.entries(OLD_NAMES)) {
    app.all(path, () => {
      throw new Failure('moved_away', { path, to });
    });
  }
  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/readyz', async (context) => {
    const parts = (await ready()).map(({ name, ok }) => ({ name, ok })); // why is for those who may come in
    const ok = parts.every((part) => part.ok);
    return context.json({ ok, parts }, ok ? 200 : 503);
  });
  app.get('/api/v1/openapi.json', (context) => context.json(document()));
  app.get('/docs', (context) => {
    context.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    return context.html(docsPage(document()));
  });
  app.use(async (context, next) => {
    const who = await whose(context, house, keys).catch((thrown: unknown) => {
      limit(`from ${context.env?.from}`, STRANGERS);
      throw thrown;
    });
    if (who && who.by !== 'file') limit(`account ${who.name}`, KNOWN);
    context.set('who', who);
    await next();
    // Asked for again, it is answered "as you have it" when nothing changed; and nobody else may keep it.
    if (!context.res.headers.has('Cache-Control')) context.header('Cache-Control', 'private, no-cache');
  });
  app.use(async (context, next) => {
    const streams = context.req.header('accept')?.includes('text/event-stream');
    return context.req.method === 'GET' && !streams ? await conditional(context, next) : await next();
  });
  app.use(
    bodyLimit({
      maxSize: BODY_KILOBYTES_MAX * 1_000,
      onError: () => {
        throw new Failure('body_too_large', { kilobytesMax: BODY_KILOBYTES_MAX });
      },
    }),
  );
  app.get('/metrics', async (context) => {
    const who = context.get('who');
    if (who?.workspaces) throw new Failure('limited_token', { verb: 'metrics' });
    if (!who || !reaches(who.role, 'operator'))
      throw new Failure('forbidden', { account: who?.name ?? 'nobody', verb: 'metrics', needed: 'operator' });
    const { type, body } = await house.meter.text();
    return context.body(body, 200, { 'Content-Type': type });
  });
  for (const route of ROUTES) {
    app.on(route.method, route.path, async (context) => {
      const again = (): Promise<Who | null> => whose(context, house, keys);
      const visitor = { who: context.get('who'), from: context.env?.from ?? 'unknown', again };
      context.set('route', route.path);
      return await route.serve(context, house, visitor);
    });
  }

  app.notFound(({ req }) => {
    throw new Failure('no_such_route', { method: req.method, path: req.path });
  });
  app.onError(async (thrown, context) => {
    const { req } = context;
    if (isFailure(thrown) && thrown.row.http === 403) await refused(context, thrown);
    if (req.raw.signal.aborted) return new Response(null, { status: CLIENT_LEFT }); // nobody reads it, nothing failed
    const stopped =
      house.closing.aborted && !isFailure(thrown) ? new Failure('stopping', {}, { cause: thrown }) : thrown;
    return problemResponse(problemOf(stopped, req.method, req.path, log));
  });
  return app;

  async function refused({ req, env, get }: Context<Env>, { message: why, facts }: Failure): Promise<void> {
    const who = get('who');
    const verb = String(facts.verb ?? `${req.method} ${req.routePath}`);
    const from = `${env?.from ?? 'unknown'} by ${who?.by ?? 'nobody'}`;
    const on = req.path.slice(0, PATH_CHARACTERS);
    await house.audit.record({ by: who?.name ?? 'nobody', verb, on, result: 'refused', why, from });
  }
}

/** One answer for all who ask within `ms`. */
function forAWhile<T>(make: () => Promise<T>, ms: number, now: () => number): () => Promise<T> {
  let made: { readonly at: number; readonly value: Promise<T> } | null = null;
  return async () => {
    if (!made || now() - made.at >= ms) made = { at: now(), value: make() };
    return await made.value;
  };
}

/** Names from before there were versions. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  '/api/snapshots': '/api/v1/snapshots',
  '/api/offers': '/api/v1/offers',
  '/api/create-instance': 'POST /api/v1/instances',
  '/api/restore': 'POST /api/v1/snapshots/{id}/restore',
  '/api/agent/status': '/api/v1/agent/status',
};

/** Made when somebody asks for it first. */
const document = once(() => openApi(ROUTES, VERSION));

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const { version: VERSION } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
) as { version: string };

interface Env {
  Variables: { who: Who | null; route?: string };
  Bindings: { from?: string };
}

const OPEN: ReadonlySet<string> = new Set(
  ROUTES.filter(({ role }) => role === 'anyone').map(({ method, path }) => `${method.toUpperCase()} ${path}`),
);

async function whose(context: Context, { accounts }: House, { token, tokenFile, owner }: Keys): Promise<Who | null> {
  const { req, env } = context;
  const word = bearerOf(req.header('authorization'));
  // Where the token's file lies is for whoever is on this computer.
  const stranger = (): Failure =>
    isHere(env?.from) ? new Failure('unauthorized', { file: tokenFile }) : new Failure('bad_token');
  const ofMachine = req.path === HEARTBEAT_PATH; // its word is none of an account
  if (word === null || ofMachine) {
    if (OPEN.has(`${req.method} ${req.path}`)) return null;
    throw stranger();
  }
  if (isToken(word, token)) return owner;
  // The token of an engine that was started again since is no word of an account.
  if (!/^dmt_|\..*\./.test(word)) throw stranger();
  return await accounts.whose(word);
}
