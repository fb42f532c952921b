import type { IncomingMessage } from 'node:http';
import { type Listening, listen, textOf } from '../listen.ts';
import { type Account, balance, bill, collect, podKey, spendPerHour } from './account.ts';
import { type Answer, Problem } from './answer.ts';
import { dataCenters, gpus } from './catalog.ts';
import { limits } from './limits.ts';
import { shown } from './pod.ts';
import { actOn, changePod, createPod, endPod, findPod, listPods } from './pods.ts';
import { faultsIn } from './schema.ts';

/** RunPod on loopback: REST v2 as it is published, and what of GraphQL a client needs besides. */
export async function serveRunpod(account: Account, port?: number): Promise<Listening> {
  const limit = limits(account.clock);
  return await listen(async (request, response) => {
    const said = await answer(account, limit, request).catch(inWords);
    if (said === null) return; // it hangs until the client gives up
    if (said.events) {
      response.writeHead(said.status, { 'content-type': 'text/event-stream' });
      said.events.forEach((event, id) => void response.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`));
      return;
    }
    const body = said.body === undefined ? '' : JSON.stringify(said.body);
    const headers = { 'content-type': 'application/json', ...limit.headers(), ...said.headers };
    response.writeHead(said.status, headers).end(body);
  }, port);
}

async function answer(
  account: Account,
  limit: ReturnType<typeof limits>,
  request: IncomingMessage,
): Promise<Answer | null> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  account.asked.push(`${method} ${url.pathname}`);
  const body = await bodyOf(request);
  const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined) throw new Problem(401, 'missing bearer token');
  const own = [...account.pods.keys()].find((id) => key === podKey(id));
  if (own !== undefined) {
    if (url.pathname !== '/graphql') throw new Problem(403, 'this key may not do that');
    return ofPod(account, own, body);
  }
  if (key !== account.key) throw new Problem(401, 'invalid bearer token');
  const seconds = account.traps.has('too-many') && method !== 'GET' ? 2 : limit.count();
  if (seconds !== null)
    return { ...new Problem(429, 'rate limit exceeded').answer, headers: { 'retry-after': String(seconds) } };
  collect(account);
  if (url.pathname === '/graphql') return graphql(account, body);
  const said = route(account, method, url, body);
  const schema = said && (said.status === 200 || said.status === 201) ? schemaOf(method, url.pathname) : null;
  const faults = schema === null ? [] : faultsIn(schema, said?.body);
  if (faults.length > 0) throw new Error(`RunPod never says this: ${faults.join('; ')}`);
  return said;
}

function route(account: Account, method: string, { pathname, searchParams }: URL, body: unknown): Answer | null {
  const [version, area, id, more] = pathname.slice(1).split('/').map(decodeURIComponent);
  if (version === 'v1') throw new Problem(404, 'REST v1 was retired on 15 November 2026');
  const what = `${method} ${version}/${area}`;
  if (what === 'GET v2/catalog' && id === 'gpus') return gpus(account, searchParams);
  if (what === 'GET v2/catalog' && id === 'datacenters') return dataCenters(account);
  if (what === 'GET v2/billing' && id === 'pods') return billing(account, searchParams);
  if (version === 'v2' && area === 'account' && id === 'ssh-keys') return sshKeys(account, method, body);
  if (version === 'v2' && area === 'pods' && id === undefined) {
    if (method === 'GET') return listPods(account);
    if (method === 'POST') return createPod(account, body);
    throw new Problem(405, 'method not allowed');
  }
  if (version === 'v2' && area === 'pods' && id !== undefined) {
    if (more === 'action' && method === 'POST') return actOn(account, id, body);
    if (more === 'logs' && method === 'GET') return logs(account, id);
    if (method === 'GET') return { status: 200, body: shown(findPod(account, id), account.clock.now()) };
    if (method === 'PATCH') return changePod(account, id, body);
    if (method === 'DELETE') return endPod(account, id);
  }
  throw new Problem(404, 'resource not found');
}

function schemaOf(method: string, path: string): string | null {
  if (path === '/v2/pods') return method === 'GET' ? 'ListPodsResponse' : 'Pod';
  if (/^\/v2\/pods\/[^/]+(\/action)?$/.test(path)) return 'Pod';
  if (path === '/v2/catalog/gpus') return 'ListGpuTypesResponse';
  if (path === '/v2/catalog/datacenters') return 'ListDataCentersResponse';
  if (path === '/v2/billing/pods') return 'ListPodBillingResponse';
  return path === '/v2/account/ssh-keys' ? 'SshKeys' : null;
}

function sshKeys(account: Account, method: string, body: unknown): Answer {
  if (method === 'PUT') account.sshKeys = (body as { keys: readonly string[] }).keys;
  return { status: 200, body: { keys: account.sshKeys } };
}

function logs(account: Account, id: string): Answer {
  const { printed } = findPod(account, id);
  const ts = new Date(account.clock.now()).toISOString();
  return { status: 200, events: printed.map((line) => ({ source: 'container', line, ts })) };
}

/** GET /v2/billing/pods: a record for each pod and day. */
function billing(account: Account, query: URLSearchParams): Answer {
  const podId = query.get('podId');
  const now = account.clock.now();
  const from = dayOf(Date.parse(query.get('startTime') ?? '') || now - 30 * DAY);
  const until = dayOf((Date.parse(query.get('endTime') ?? '') || now) - 1) + DAY;
  const days = Array.from({ length: Math.round((until - from) / DAY) }, (_, i) => from + i * DAY);
  const records = days.flatMap((day) =>
    bill(account, day, Math.min(now, day + DAY))
      .filter((one) => (podId === null || one.pod === podId) && one.gpuDollars + one.diskDollars > 0)
      .map((one) => ({
        startTime: new Date(day).toISOString(),
        endTime: new Date(day + DAY).toISOString(),
        podId: one.pod,
        totalAmount: one.gpuDollars + one.diskDollars,
        gpuAmount: one.gpuDollars,
        cpuAmount: 0,
        diskAmount: one.diskDollars,
      })),
  );
  const sum = (of: 'totalAmount' | 'gpuAmount' | 'diskAmount'): number =>
    records.reduce((all, one) => all + one[of], 0);
  const [totalAmount, gpuAmount, diskAmount] = [sum('totalAmount'), sum('gpuAmount'), sum('diskAmount')];
  const metadata = {
    query: {
      startTime: new Date(from).toISOString(),
      endTime: new Date(until).toISOString(),
      bucketSize: 'day',
      podId,
    },
    recordCount: records.length,
    uniquePodCount: new Set(records.map((one) => one.podId)).size,
    totals: { totalAmount, gpuAmount, cpuAmount: 0, diskAmount },
  };
  return { status: 200, body: { records, metadata } };
}

const DAY = 86_400_000;
const dayOf = (at: number): number => Math.floor(at / DAY) * DAY;

/** Errors come with 200 here. */
function graphql(account: Account, body: unknown): Answer {
  const { query = '' } = (body ?? {}) as { query?: string };
  const fields = /myself\s*\{([^}]*)\}/.exec(query)?.[1]?.trim().split(/\s+/);
  if (!fields) return { status: 200, body: { errors: [{ message: 'Cannot query that field on type "Query".' }] } };
  const known: Record<string, unknown> = {
    id: 'user_standin',
    clientBalance: balance(account),
    currentSpendPerHr: spendPerHour(account),
    spendLimit: account.spendLimit,
  };
  const unknown = fields.find((field) => !(field in known));
  if (unknown)
    return { status: 200, body: { errors: [{ message: `Cannot query field "${unknown}" on type "User".` }] } };
  return { status: 200, body: { data: { myself: Object.fromEntries(fields.map((field) => [field, known[field]])) } } };
}

function ofPod(account: Account, own: string, body: unknown): Answer {
  const { query = '' } = (body ?? {}) as { query?: string };
  const id = /podTerminate\(input: \{ podId: "([^"]+)" \}\)/.exec(query)?.[1];
  if (id !== own) return { status: 200, body: { errors: [{ message: 'Unauthorized' }], data: null } };
  endPod(account, own);
  return { status: 200, body: { data: { podTerminate: null } } };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = await textOf(request);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'the body is no JSON');
  }
}

function inWords(cause: unknown): Answer {
  if (cause instanceof Problem) return cause.answer;
  return new Problem(500, `The stand-in broke: ${cause}`).answer;
}
