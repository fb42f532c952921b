import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { OWNER, type Who } from '../domain/account.ts';
import type { Accounts, Audit, Engine, LocalControl, Meter } from '../domain/doors.ts';
import { Failure, reasonOf } from '../domain/failures.ts';
import { HEARTBEAT_PATH } from '../domain/heartbeat.ts';
import type { Log } from '../domain/ports.ts';
import { agentRequest, type Ear } from './agent-route.ts';
import { httpApp } from './app.ts';
import { clientAddress } from './client-address.ts';
import { rememberAnswers } from './idempotency.ts';
import { problemOf, problemResponse } from './problem.ts';
import { createToken } from './token.ts';

const LOOPBACK = '127.0.0.1';
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', 'localhost']);
/** Answers under way when the server closes get this long to finish. */
const CLOSE_MS = 2_000;
const IDLE_MS = 20;
/** A request that has not arrived whole by then never will. */
const REQUEST_MS = 60_000;

export interface HttpOptions {
  /** 0 lets the system choose one. */
  readonly port: number;
  readonly tokenFile: string;
  readonly log: Log;
  /** Loopback unless somebody says otherwise. */
  readonly host?: string;
  readonly origins?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly meter: Meter;
  readonly local?: LocalControl | null;
  /** Takes heartbeats too: where machines reach this server by a public address. */
  readonly ear?: Ear | null;
}

export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves the API to this computer, for whoever has an account or can read the token file. */
export async function serveHttp(engineFor: (who: Who) => Engine, options: HttpOptions): Promise<HttpServer> {
  const { port, tokenFile, log, accounts, audit, meter, local = null, ear = null } = options;
  const { host = LOOPBACK, origins = [], trustedProxies = [] } = options;
  const addressOf = clientAddress(trustedProxies);
  const closing = new AbortController();
  const server = createServer({ requestTimeout: REQUEST_MS });
  // This computer reaches it by loopback, unless it listens at one address elsewhere and nowhere else.
  const here = EVERYWHERE.has(host) ? LOOPBACK : host;
  const url = `http://${here.includes(':') ? `[${here}]` : here}:${await listen(server, port, host)}`;
  // Only who got the port writes the token: an engine that cannot start must not lock out the one that runs.
  const token = await createToken(tokenFile).catch((thrown) => {
    server.close();
    throw thrown;
  });
  const owner: Who = { name: OWNER, role: 'admin', workspaces: null, by: 'file' };
  const answers = rememberAnswers(Date.now);
  const house = { engineFor, accounts, audit, answers, meter, local, closing: closing.signal };
  const app = httpApp(house, { token, tokenFile, owner, origins }, log);
  const serve = getRequestListener(
    (request, { incoming }) =>
      app.fetch(request, { from: addressOf(incoming.socket.remoteAddress, request.headers.get('x-forwarded-for')) }),
    { errorHandler: (thrown) => notHttp(thrown, log) },
  );
  const fromMachine = ear && agentRequest(ear, log);
  server.on('request', (request, response) => {
    // Before the account's token is asked for: machines have words of their own, which open nothing else.
    if (fromMachine && request.url === HEARTBEAT_PATH) fromMachine(request, response);
    else void serve(request, response);
  });
  log('http.listening', { url });

  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      closing.abort(new Failure('stopping')); // ends the event streams, which would go on for ever
      // A connection is kept alive after its answer and would hold the server open; it falls idle whenever that ends.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
      const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(late);
      log('http.closed', { url });
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const why = `Cannot listen on ${host}:${port}: ${reasonOf(cause)}. Stop what runs there, or set DUMONT_PORT.`;
    throw new Failure('bad_setting', { why }, { cause });
  }
  return (server.address() as AddressInfo).port;
}

/** What does not even become a request: a broken Host header, say. */
function notHttp(cause: unknown, log: Log): Response {
  const failure = new Failure('bad_request', { why: 'This is not a request we can read.' }, { cause });
  return problemResponse(problemOf(failure, '?', '?', log));
}
