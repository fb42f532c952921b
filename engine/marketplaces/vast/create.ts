import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { Offer, Order } from '../../domain/marketplace.ts';
import { type Answer, asFailure, isBadKey, isNoCredit, isTooEarly, VAST } from './answer.ts';
import type { Ask } from './ask.ts';
import { onstart } from './onstart.ts';
import { askOf } from './search.ts';

export interface Created {
  readonly instance: string;
  /** It can start, stop and destroy this one machine and do nothing else. */
  readonly key: string | null;
}

/** Asks for one machine, once: after any answer that does not say plainly that nothing was rented it may exist. */
export async function create(
  ask: Ask,
  offer: Offer,
  order: Order,
  depart: () => Promise<void>,
  signal: AbortSignal,
): Promise<Created> {
  const path = `/api/v0/asks/${askOf(offer)}/`;
  const body = bodyFor(offer, order);
  const asked = { route: 'create', method: 'PUT', path, body, again: false, depart } as const;
  return createdBy(await ask(asked, signal), offer);
}

function bodyFor(offer: Offer, order: Order): Record<string, unknown> {
  const ports = order.ports.map((port) => [`-p ${port}:${port}`, '1']);
  const { script, environment } = onstart(order);
  return {
    client_id: 'me',
    image: order.image,
    label: order.label,
    disk: Math.max(DISK_GB_MIN, order.diskGb),
    runtype: 'ssh_direct',
    target_state: 'running',
    cancel_unavail: true, // a machine that is queued would be rented at a moment nobody knows
    env: { ...environment, ...Object.fromEntries(ports) },
    onstart: script,
    ...(offer.spot ? { price: offer.dollarsPerHour } : {}),
  };
}

const DISK_GB_MIN = 8;

const Made = z.object({ new_contract: z.number().int(), instance_api_key: z.string().min(1).nullish() });
/** An error may name the machine it made all the same: a bid below the market, stopped and billed. */
const MadeAnyway = z.object({ new_contract: z.number().int() });

function createdBy(answer: Answer, offer: Offer): Created {
  const made = Made.safeParse(answer.json);
  if (answer.ok && made.success)
    return { instance: String(made.data.new_contract), key: made.data.instance_api_key ?? null };
  const { status, words, error } = answer;
  const anyway = MadeAnyway.safeParse(answer.json);
  if (anyway.success) throw unclear(`it refused (${words}) and yet made ${anyway.data.new_contract}`);
  if (status >= 500 || status === 408 || answer.ok) throw unclear(`HTTP ${status}: ${words}`);
  if (isBadKey(answer) || isNoCredit(answer)) throw asFailure(answer);
  if (error === 'no_such_ask' || /no_such_ask/.test(words)) throw new Failure('offer_taken', { offer: offer.id });
  if (SPEND_LIMIT.test(words)) throw new Failure('spend_limit', { ...VAST, why: words });
  if (isTooEarly(answer)) throw asFailure(answer);
  throw new Failure('marketplace_refused', { ...VAST, why: words });
}

/** How vast words it is not written down anywhere; both words are in all that people report. */
const SPEND_LIMIT = /spend(ing)?[ _-]?(rate|limit)|rate limit on spending|limit.*spend/i;

function unclear(why: string): Failure {
  return new Failure('marketplace_down', { ...VAST, why });
}
