import type { Account } from './account.ts';
import { type Answer, type Asked, ok, Refusal, refused, tooEarly } from './answer.ts';
import { change, changeBid, changeMany, destroy, destroyMany, reboot } from './change.ts';
import { expire, pending, settle } from './contract.ts';
import { create } from './create.ts';
import { list, liveRental, show } from './instances.ts';
import { openLimits } from './limits.ts';
import { charges, invoices, prices, user } from './money.ts';
import { offers } from './offers.ts';
import { accountKeys, machineKeys } from './ssh-keys.ts';

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | null;
  readonly text: string;
}

/** One request, answered. */
export async function route(account: Account, { method, url, authorization, text }: Incoming): Promise<Answer> {
  const call = `${method} ${url.pathname}`;
  account.asked.push(call);
  expire(account);
  if (url.pathname.startsWith('/results/')) return await result(account, url);
  try {
    const key = (authorization ?? '').replace(/^Bearer /, '') || (url.searchParams.get('api_key') ?? '');
    const only = whoAsks(account, key, call);
    const early = limitsOf(account)(call, key);
    if (early !== null) return tooEarly(early, account.chance());
    if (account.springs('too-frequent')) return tooEarly(4.5, account.chance());
    const body = bodyFrom(text);
    const asked: Asked = { method, path: url.pathname, query: url.searchParams, body, key, only, origin: url.origin };
    return await answer(account, asked);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    return refused(cause, account.chance(), cause.status >= 500 || account.springs('text-errors'));
  }
}

const limits = new WeakMap<Account, ReturnType<typeof openLimits>>();

function limitsOf(account: Account): ReturnType<typeof openLimits> {
  const known = limits.get(account) ?? openLimits(account.now);
  limits.set(account, known);
  return known;
}

/** Whose key it is: the account's, or one machine's own. A search needs none. */
function whoAsks(account: Account, key: string, call: string): number | null {
  if (key === '') {
    if (call === 'POST /api/v0/bundles/') return null;
    throw new Refusal(403, 'auth_error', 'This action requires login.');
  }
  const state = account.keys.get(key);
  if (state === 'good') return null;
  if (state === 'expired') throw new Refusal(401, 'auth_error', 'Your session has expired.');
  const machine = account.rentals.find((rental) => rental.key === key);
  if (!machine) throw new Refusal(404, 'auth_error', 'Invalid user key');
  return machine.id;
}

function bodyFrom(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new Refusal(400, 'invalid_args', 'error 400: the body is not JSON');
  }
}

async function answer(account: Account, asked: Asked): Promise<Answer> {
  const { method, path, only } = asked;
  const words = path.split('/').filter(Boolean);
  const [, version, area, ...rest] = words;
  const id = Number(rest[0]);
  if (only !== null && !(area === 'instances' && id === only && (method === 'DELETE' || method === 'PUT')))
    throw new Refusal(403, 'not_authorized', 'error 403: this key is for one instance');
  const what = `${method} ${version} ${area}${rest.map((word) => (/^\d+$/.test(word) ? '/#' : `/${word}`)).join('')}`;
  switch (what) {
    case 'POST v0 bundles':
      return offers(account, asked);
    case 'PUT v0 search/asks':
      return offers(account, { ...asked, body: { ...(asked.body.q as Asked['body']) } });
    case 'PUT v0 asks/#':
      return create(account, asked, id);
    case 'GET v1 instances':
      return list(account, asked);
    case 'GET v0 instances':
      throw new Refusal(410, 'deprecated_endpoint', 'Use /api/v1/instances/.');
    case 'GET v0 instances/#':
      return show(account, id);
    case 'PUT v0 instances':
      return changeMany(account, asked.body.ids, asked.body.state);
    case 'POST v0 instances/start':
      return changeMany(account, asked.body.IDs, 'running');
    case 'PUT v0 instances/reboot/#':
    case 'PUT v0 instances/recycle/#':
      return reboot(account, Number(rest[1]), rest[0] === 'recycle');
    case 'PUT v0 instances/bid_price/#':
      return changeBid(account, asked, Number(rest[1]));
    case 'PUT v0 instances/#':
      return change(account, asked, id);
    case 'DELETE v0 instances/#':
      return destroy(account, id);
    case 'DELETE v0 instances':
      return destroyMany(account, asked);
    case 'PUT v0 instances/request_logs/#':
      liveRental(account, Number(rest[1]));
      return ok({ success: true, result_url: `${asked.origin}/results/${rest[1]}`, msg: 'command processed' });
    case 'GET v0 instances/#/ssh':
    case 'POST v0 instances/#/ssh':
      return machineKeys(account, asked, id, null);
    case 'DELETE v0 instances/#/ssh/#':
      return machineKeys(account, asked, id, Number(rest[2]));
    case 'GET v0 ssh':
    case 'POST v0 ssh':
      return accountKeys(account, asked, null);
    case 'DELETE v0 ssh/#':
      return accountKeys(account, asked, id);
    case 'GET v0 users/current':
      return user(account);
    case 'GET v0 charges':
      return charges(account, asked);
    case 'GET v1 invoices':
      return invoices(account);
    case 'GET v0 metrics/gpu/current':
      return prices(account);
    case 'GET v0 machines/#/reports':
      return ok(reportsOf(account, id));
    case 'GET v0 instances/pending-price-increases':
      return pending(account);
    case 'PUT v0 instances/accept-price-increase':
      return settle(account, asked, 'accepted');
    case 'PUT v0 instances/reject-price-increase':
      return settle(account, asked, 'rejected');
    default:
      throw new Refusal(404, 'not_found', `error 404: no such route ${what}`);
  }
}

function reportsOf(account: Account, machine: number): readonly unknown[] {
  const physical = account.fleet.find(({ machine_id }) => machine_id === machine);
  if (!physical) throw new Refusal(404, 'not_found', 'error 404: no such machine');
  const count = Math.round((1 - physical.quality) * 8);
  return Array.from({ length: count }, (_, i) => {
    const created_at = new Date(account.now() - (1 + 7 * i) * 86_400_000).toISOString();
    return { problem: 'instance', message: 'did not start', created_at };
  });
}

/** Where a log lies, a moment after it was asked for. */
async function result(account: Account, url: URL): Promise<Answer> {
  const rental = account.rentals.find(({ id }) => String(id) === url.pathname.split('/').at(-1));
  if (!rental || account.springs('log-late')) return { status: 404, text: 'NoSuchKey' };
  return { status: 200, text: (await account.options.computers?.log(rental)) ?? '' };
}
