import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { jwtVerify } from 'jose';
import { type Listening, listen, textOf } from '../listen.ts';
import { type Answer, Refusal } from './answer.ts';
import { act, aggregated, insert, mustFind, operationShown, remove, shown } from './instances.ts';
import { type InsertBody, keepTime, type Project } from './project.ts';

export interface GcpStandIn extends Listening {
  /** Instead of https://compute.googleapis.com/compute/v1. */
  readonly api: string;
}

/** Compute Engine v1 on loopback, as far as machines go, and Google's token endpoint beside it. */
export async function serveGcp(project: Project, port?: number): Promise<GcpStandIn> {
  const server = await listen(async (request, response) => {
    const said = await answer(project, request, `http://${request.headers.host}`).catch(inWords);
    response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body));
  }, port);
  return { ...server, api: `${server.url}/compute/v1` };
}

async function answer(project: Project, request: IncomingMessage, self: string): Promise<Answer> {
  const url = new URL(request.url ?? '/', self);
  const method = request.method ?? 'GET';
  project.asked.push(`${method} ${url.pathname}`);
  const text = await textOf(request);
  if (url.pathname === '/token' && method === 'POST') return await token(project, text, self);
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if ((project.tokens.get(bearer) ?? 0) <= project.clock.now())
    throw new Refusal(401, 'authError', 'Request had invalid authentication credentials.');
  keepTime(project);
  const [, , , , id, ...path] = url.pathname.split('/').map(decodeURIComponent);
  if (!url.pathname.startsWith('/compute/v1/projects/') || id === undefined) throw notFound(url);
  if (id !== project.id) throw new Refusal(403, 'forbidden', `Required permission for project ${id}`);
  return route(project, method, path, url, text);
}

function route(project: Project, method: string, path: readonly string[], url: URL, text: string): Answer {
  const [first, zone = '', kind, name = '', action] = path;
  if (first === 'aggregated' && zone === 'instances' && method === 'GET') return aggregated(project, url.searchParams);
  if (first !== 'zones') throw notFound(url);
  if (kind === 'operations') {
    const operation = project.operations.get(name);
    if (!operation || operation.zone !== zone) throw notFound(url);
    return { status: 200, body: operationShown(project, operation) };
  }
  if (kind !== 'instances') throw notFound(url);
  if (method !== 'GET' && project.traps.has('too-many'))
    throw new Refusal(403, 'rateLimitExceeded', 'Rate Limit Exceeded');
  if (name === '' && method === 'POST')
    return insert(project, zone, url.searchParams.get('requestId'), JSON.parse(text) as InsertBody);
  if (action === 'serialPort' && method === 'GET')
    return { status: 200, body: { contents: mustFind(project, zone, name).printed, next: '0' } };
  if ((action === 'start' || action === 'stop') && method === 'POST') return act(project, zone, name, action);
  if (action === undefined && method === 'DELETE') return remove(project, zone, name);
  if (action === undefined && method === 'GET')
    return { status: 200, body: shown(project, mustFind(project, zone, name)) };
  throw notFound(url);
}

/** Looks at the assertion as Google does: whose it is, for whom, and for how long. */
async function token(project: Project, text: string, self: string): Promise<Answer> {
  const form = new URLSearchParams(text);
  const refuse = (error_description: string): Answer => ({
    status: 400,
    body: { error: 'invalid_grant', error_description },
  });
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return { status: 400, body: { error: 'unsupported_grant_type', error_description: 'Invalid grant_type' } };
  if (project.traps.has('token-refused')) return refuse('Invalid JWT Signature.');
  try {
    const currentDate = new Date(project.clock.now());
    const { payload } = await jwtVerify(form.get('assertion') ?? '', project.publicKey, {
      ...{ issuer: project.email, audience: `${self}/token`, algorithms: ['RS256'], currentDate },
    });
    if (payload.scope !== 'https://www.googleapis.com/auth/compute') return refuse('Invalid scope.');
    if ((payload.exp ?? 0) - (payload.iat ?? 0) > 3_600) return refuse('Invalid JWT: exp is too far away.');
  } catch (cause) {
    return refuse(`Invalid JWT: ${cause instanceof Error ? cause.message : cause}`);
  }
  const word = `ya29.${randomBytes(16).toString('hex')}`;
  project.tokens.set(word, project.clock.now() + 3_600_000);
  return { status: 200, body: { access_token: word, expires_in: 3_599, token_type: 'Bearer' } };
}

const notFound = (url: URL): Refusal => new Refusal(404, 'notFound', `There is no ${url.pathname}`);

function inWords(cause: unknown): Answer {
  if (cause instanceof Refusal) return cause.answer;
  return new Refusal(500, 'standin', `The stand-in broke: ${cause}`).answer;
}
