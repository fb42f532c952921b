import { type Account, isLive, type Rental } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';

/** A host wants more when the term that runs is over. */
export interface Raise {
  readonly id: number;
  readonly price: number;
  /** The new term's end. */
  readonly until: number;
  readonly createdAt: number;
  state: 'pending' | 'accepted' | 'rejected';
}

/** A rental stands still when its term ends, and is deleted two days later; a raise that was accepted begins another term. */
export function expire(account: Account): void {
  for (const rental of account.rentals) {
    const term = rental.terms.at(-1);
    if (!term || !isLive(rental) || account.now() < term.until) continue;
    if (rental.raise?.state === 'accepted') {
      rental.terms.push({ from: term.until, until: rental.raise.until, price: rental.raise.price });
      rental.raise = null;
      continue;
    }
    const span = rental.spans.at(-1);
    if (span && (span.until ?? Number.POSITIVE_INFINITY) > term.until) span.until = term.until;
    rental.intended = 'stopped';
    rental.raise = null;
    if (account.now() < term.until + DELETED_MS) continue;
    rental.endedAt = term.until + DELETED_MS;
    account.options.computers?.end(rental).catch(() => undefined);
  }
}

const DELETED_MS = 48 * 3_600_000;

/** What an hour of it costs now. */
export const priceOf = ({ terms }: Rental): number => terms.at(-1)?.price ?? 0;

/** `GET /instances/pending-price-increases/`: what its hosts want more. */
export function pending(account: Account): Answer {
  for (const rental of account.rentals)
    if (isLive(rental) && rental.raise === null && account.springs('price-increase')) raise(account, rental);
  const rows = account.rentals.filter((one) => isLive(one) && one.raise?.state === 'pending').map(rowOf);
  return ok({ success: true, count: rows.length, truncated: false, pending_price_increases: rows });
}

function raise(account: Account, rental: Rental): void {
  const until = (rental.terms.at(-1)?.until ?? account.now()) + 30 * 24 * 3_600_000;
  const id = 900 + account.rentals.indexOf(rental);
  rental.raise = { id, price: priceOf(rental) * 1.25, until, createdAt: account.now(), state: 'pending' };
}

function rowOf(rental: Rental) {
  const { id, price, until, createdAt } = rental.raise!;
  return {
    pending_price_increase_id: id,
    contract_id: rental.id,
    host_id: rental.physical.host_id,
    new_gpu_costpersec: price / 3_600,
    old_gpu_costpersec: priceOf(rental) / 3_600,
    new_disk_ram_costpersec: null,
    old_disk_ram_costpersec: null,
    new_bwu_cost: null,
    old_bwu_cost: null,
    new_bwd_cost: null,
    old_bwd_cost: null,
    new_platform_fee: null,
    old_platform_fee: null,
    contract_end_date: (rental.terms.at(-1)?.until ?? 0) / 1_000,
    ask_end_date: until / 1_000,
    created_at: createdAt / 1_000,
  };
}

/** `PUT /instances/accept-price-increase/` and `/reject-price-increase/` */
export function settle(account: Account, { body }: Asked, state: 'accepted' | 'rejected'): Answer {
  const { pending_price_increase_id: id, ...rest } = body;
  if (typeof id !== 'number' || Object.keys(rest).length > 0)
    throw new Refusal(422, 'invalid_args', 'error 422: give pending_price_increase_id and nothing else');
  const rental = account.rentals.find((one) => isLive(one) && one.raise?.id === id && one.raise.state === 'pending');
  if (!rental?.raise) throw new Refusal(404, 'no_pending_price_increase', 'error 404: no_pending_price_increase');
  rental.raise.state = state;
  return ok({ success: true, pending_price_increase_id: id, contract_id: rental.id });
}
