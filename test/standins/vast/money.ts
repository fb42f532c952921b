import type { Account } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import { type Cost, CREDIT, costOf, creditLeft, sumOf } from './bill.ts';

export function user(account: Account): Answer {
  const credit = Number(creditLeft(account).toFixed(4));
  return ok({ id: 7, email: 'someone@example.com', balance: 0, credit, ssh_key: null, sid: '', key_id: 1 });
}

/** `GET /api/v1/invoices/`: what was paid in. */
export function invoices({ options }: Account): Answer {
  const paid = { id: 1, type: 'payment', service: 'stripe_payments', amount: options.credit ?? CREDIT, when: 0 };
  return ok({ success: true, count: 1, total: 1, next_token: null, results: [paid] });
}

interface Filters {
  readonly day?: { readonly gte?: number; readonly lte?: number };
}

/** `GET /charges/`: a line for each machine and what it is made of. */
export function charges(account: Account, { query }: Asked): Answer {
  const { day } = JSON.parse(query.get('select_filters') ?? '{}') as Filters;
  if (day?.gte === undefined || day.lte === undefined)
    throw new Refusal(400, 'invalid_args', 'error 400: select_filters needs day.gte and day.lte');
  const [from, until] = [day.gte * 1_000, Math.min(day.lte * 1_000, account.now())];
  const limit = Math.min(500, Number(query.get('limit') ?? 100));
  const after = Number(query.get('after_token') ?? 0);
  const all = account.rentals.filter((one) => one.createdAt <= until && (one.endedAt ?? until) >= from);
  const results = all.slice(after, after + limit).map((rental) => {
    const cost = costOf(account, rental, from, until);
    const end = Math.min(rental.endedAt ?? until, until) / 1_000;
    const start = Math.max(rental.createdAt, from) / 1_000;
    return {
      start,
      end,
      type: 'instance',
      source: `instance-${rental.id}`,
      description: `Instance ${rental.id}: ${rental.physical.num_gpus}x ${rental.physical.gpu_name}`,
      amount: round(sumOf(cost)),
      metadata: { label: rental.label, template_id: null },
      items: (Object.keys(cost) as (keyof Cost)[])
        .filter((type) => cost[type] > 0)
        .map((type) => ({ start, end, type, amount: round(cost[type]), description: words(type, cost) })),
    };
  });
  const next = after + limit < all.length ? String(after + limit) : null;
  return ok({ success: true, count: results.length, total: all.length, next_token: next, results });
}

const round = (dollars: number): number => Number(dollars.toFixed(3));
const words = (type: keyof Cost, cost: Cost): string => `${type}: $${cost[type].toFixed(5)}`;

/** `GET /metrics/gpu/current/`: what one GPU of a kind goes for. */
export function prices(account: Account): Answer {
  const gpus = [...Map.groupBy(account.fleet, ({ gpu_name }) => gpu_name)].map(([gpu_name, all]) => {
    const sorted = all.map(({ dph_base, num_gpus }) => dph_base / num_gpus).toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    const quantiles = {
      price_p10: at(0.1),
      price_p25: at(0.25),
      price_median: at(0.5),
      price_p75: at(0.75),
      price_p90: at(0.9),
    };
    return { gpu_name, total: all.length, available: all.length, rented_verified: 0, ...quantiles };
  });
  return ok({ success: true, gpus });
}
