import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isFailure, reasonOf } from '../domain/failures.ts';
import { AgentStatus, HEARTBEAT_PATH } from '../domain/heartbeat.ts';
import type { Heartbeats, Log } from '../domain/ports.ts';

/** Who hears what machines say. */
export type Ear = Pick<Heartbeats, 'knows' | 'hear'>;

const STATUS_BYTES_MAX = 1_000_000;
const HEADER_BYTES_MAX = 8_192;
/** A connection that has not sent its whole request and read its answer by then is cut off. */
const EXCHANGE_MS = 20_000;
/** Open at once in all tunnels; the oldest gives way, since an honest one is open for milliseconds. */
const CONNECTIONS_MAX = 128;

/**
 * Serves heartbeats, and nothing else, on connections that came through a tunnel. The machine at the other end is not
 * trusted: one request a connection, of a bounded size, within a bounded time, and no answer says more than its number.
 */
export function serveAgentRoute(
  ear: Ear,
  log: Log,
  { exchangeMs = EXCHANGE_MS, connectionsMax = CONNECTIONS_MAX } = {},
): (connection: Duplex) => void {
  // It never listens, so Node's own deadlines for requests do not run: each connection gets ours.
  const serve = agentRequest(ear, log);
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    response.shouldKeepAlive = false;
    serve(request, response);
  });
  server.maxRequestsPerSocket = 1; // whatever is sent behind the first request is not heard
  server.on('dropRequest', (_request, socket: Duplex) => void socket.destroy());
  const open = new Set<Duplex>();

  return (connection) => {
    const [oldest] = open;
    if (open.size >= connectionsMax) oldest?.destroy();
    open.add(connection);
    const late = setTimeout(() => connection.destroy(), exchangeMs);
    connection.on('error', () => undefined); // it is the machine's end that broke off
    connection.once('finish', () => connection.destroy()); // answered; what it says after that is not read
    connection.once('close', () => {
      clearTimeout(late);
      open.delete(connection);
    });
    server.emit('connection', connection);
  };
}

/** The route itself, for whichever server it stands in. */
export function agentRequest(ear: Ear, log: Log): RequestListener {
  return (request, response) => {
    answerTo(request, ear, log).then(
      ({ status, body }) => send(request, response, status, body),
      // The machine broke off in the middle of what it said.
      () => request.destroy(),
    );
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const empty = (status: number): Answer => ({ status, body: '' });

async function answerTo(request: IncomingMessage, ear: Ear, log: Log): Promise<Answer> {
  if (request.method !== 'POST' || request.url !== HEARTBEAT_PATH) return empty(404);
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined || !ear.knows(token)) return empty(401); // a stranger's body is not read
  const text = await bodyOf(request);
  if (text === null) return empty(413);
  const status = AgentStatus.safeParse(jsonIn(text));
  if (!status.success) return empty(400);
  try {
    return { status: 200, body: JSON.stringify(await ear.hear(token, status.data)) };
  } catch (thrown) {
    if (isFailure(thrown, 'unauthorized')) return empty(401);
    const why = { machine: status.data.machine, why: reasonOf(thrown) };
    log('heartbeat.failed', why, isFailure(thrown) ? 'WARNING' : 'ERROR');
    return empty(503);
  }
}

/** Null when it is too large, whether or not it said so before. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > STATUS_BYTES_MAX) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const read = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>; // the refusal must still get out
  for await (const chunk of read) {
    bytes += chunk.length;
    if (bytes > STATUS_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What was refused is not read to its end. */
function send(request: IncomingMessage, response: ServerResponse, status: number, body: string): void {
  const whole = request.complete;
  response.writeHead(status, {
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(body !== '' && { 'Content-Type': 'application/json' }),
    ...(!whole && { Connection: 'close' }),
  });
  response.end(body, () => {
    if (!whole) request.destroy();
  });
}
