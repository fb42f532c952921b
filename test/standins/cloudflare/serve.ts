import type { IncomingMessage, ServerResponse } from 'node:http';
import { ZodError } from 'zod';
import { listen, textOf } from '../listen.ts';
import { type Account, PERMISSION_GROUPS, type Token } from './account.ts';
import { type Answer, Refusal, refused } from './answer.ts';
import { connector, dnsRecords, tunnels } from './names.ts';
import { r2 } from './r2.ts';
import { tokens } from './tokens.ts';

export interface Asked {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly jurisdiction: string;
  readonly host: string;
  /** Who asks. */
  readonly by: Token;
}

export interface CloudflareStandIn extends AsyncDisposable {
  /** For CLOUDFLARE_BASE_URL. */
  readonly baseUrl: string;
  /** Where connectors of tunnels come in. */
  readonly edge: string;
}

const EDGE = '/edge';

/** The part of Cloudflare's API v4 that the Pulumi program uses, on loopback: same paths, envelope, codes and permissions. */
export async function serveCloudflare(account: Account): Promise<CloudflareStandIn> {
  const server = await listen(async (request, response) => {
    if (request.url === EDGE) return void (await hold(account, request, response));
    const { status, body } = await answer(account, request).catch(inWords);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return { ...server, baseUrl: `${server.url}/client/v4`, edge: `${server.url}${EDGE}` };
}

async function hold(account: Account, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    connector(account, (await textOf(request)).trim(), response);
  } catch (cause) {
    response.writeHead(inWords(cause).status).end(String((cause as Error).message));
  }
}

async function answer(account: Account, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  account.asked.push(`${method} ${url.pathname}`);
  const body = await bodyOf(request);
  const trouble = account.troubles.shift();
  if (trouble) return refused(trouble);
  const by = whoAsks(account, request.headers.authorization);
  const [version, kind, id = '', area, ...path] = url.pathname.slice(1).split('/').slice(1).map(decodeURIComponent);
  if (version !== 'v4') throw new Refusal(404, 7000, 'No route for that URI');
  const jurisdiction = String(request.headers['cf-r2-jurisdiction'] ?? 'default');
  const asked: Asked = { method, query: url.searchParams, body, jurisdiction, host: request.headers.host ?? '', by };
  if (kind === 'accounts' && id === account.id) {
    if (area === 'r2') {
      mayBe(by, 'Workers R2 Storage Write');
      return await r2(account, path, asked);
    }
    if (area === 'tokens') {
      if (path[0] !== 'verify') mayBe(by, 'Account API Tokens Write');
      return tokens(account, path, asked);
    }
    if (area === 'cfd_tunnel') {
      mayBe(by, 'Cloudflare Tunnel Write');
      return tunnels(account, path, asked);
    }
  }
  if (kind === 'zones' && area === 'dns_records') {
    mayBe(by, 'DNS Write');
    return dnsRecords(account, id, path, asked);
  }
  if (kind === 'accounts') throw new Refusal(403, 9109, 'Unauthorized to access requested resource');
  throw new Refusal(404, 7000, 'No route for that URI');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = await textOf(request);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 10001, 'Request body is not valid JSON');
  }
}

function whoAsks(account: Account, header: string | undefined): Token {
  const value = /^Bearer ([\w-]{20,})$/.exec(header ?? '')?.[1];
  if (value === undefined) throw new Refusal(400, 6003, 'Invalid request headers');
  const token = [...account.tokens.values()].find((one) => one.value === value);
  if (token?.status !== 'active') throw new Refusal(401, 1000, 'Invalid API Token');
  return token;
}

function mayBe(by: Token, permission: string): void {
  const wanted = PERMISSION_GROUPS.find(({ name }) => name === permission);
  const has = by.policies.some(
    ({ effect, permission_groups }) => effect === 'allow' && permission_groups.some(({ id }) => id === wanted?.id),
  );
  if (!has) throw new Refusal(403, 10000, 'Authentication error');
}

function inWords(cause: unknown): Answer {
  if (cause instanceof Refusal) return refused(cause);
  if (cause instanceof ZodError)
    return refused({
      status: 400,
      code: 10022,
      message: cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    });
  return refused({ status: 500, code: 10001, message: `The stand-in broke: ${cause}` });
}
