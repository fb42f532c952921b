import * as z from 'zod';
import type { Billed } from '../../domain/marketplace.ts';
import { type MicroDollars, microDollars } from '../../domain/money.ts';
import type { Clock } from '../../domain/ports.ts';
import { reading } from './answer.ts';
import type { Ask } from './ask.ts';

const number = z.number().nullish();

const User = z.object({ credit: z.number().nullish(), balance: z.number().nullish() });

const Item = z.object({ type: z.string(), amount: z.number(), start: number, end: number });
const Charge = z.object({
  start: z.number(),
  end: z.number(),
  source: z.string(),
  items: z.array(Item).nullish(),
});
const Charges = z.object({ results: z.array(Charge), next_token: z.string().nullish() });

const Gpu = z.object({
  gpu_name: z.string(),
  available: z.number().nullish(),
  price_p25: z.number().nullish(),
  price_median: z.number().nullish(),
  price_p75: z.number().nullish(),
});
const Prices = z.object({ gpus: z.array(Gpu) });

/** What vast knows of the account and of its market, besides machines. */
export function openAccount(ask: Ask, clock: Clock) {
  return {
    /** What is left to spend; when it is gone, machines are stopped and then deleted. */
    async credit(signal: AbortSignal): Promise<MicroDollars> {
      const asked = { route: 'user', method: 'GET', path: '/api/v0/users/current/', again: true } as const;
      const { credit, balance } = reading(User, await ask.well(asked, signal), 'the account');
      return microDollars(credit ?? balance ?? 0);
    },

    /**
     * The bill's lines for machines, asked for month by month: whether vast cuts a line where the time asked for ends nobody says,
     * and either way each comes under one name with one amount.
     */
    async charges(since: number, signal: AbortSignal): Promise<readonly Billed[]> {
      const lines = new Map<string, Billed>();
      for (let from = startOf(since); from <= clock.now(); from += MONTH_MS)
        for (const line of await chargesFrom(ask, from, signal)) lines.set(line.id, line);
      return [...lines.values()].filter(({ until }) => until >= since);
    },

    /** What one GPU of each kind is rented out for, in dollars an hour. */
    async prices(signal: AbortSignal) {
      const asked = { route: 'prices', method: 'GET', path: '/api/v0/metrics/gpu/current/', again: true } as const;
      const { gpus } = reading(Prices, await ask.well(asked, signal), 'the market prices');
      return gpus.map(({ gpu_name, available, price_p25, price_median, price_p75 }) => ({
        gpu: gpu_name,
        available: available ?? 0,
        p25: price_p25 ?? null,
        median: price_median ?? null,
        p75: price_p75 ?? null,
      }));
    },
  };
}

const PARTS = { gpu: 'gpu', disk: 'disk', bwd: 'bandwidth', bwu: 'bandwidth' } as const;

const MONTH_MS = 30 * 24 * 3_600_000;
/** Vast itself is not older. */
const FIRST = Date.UTC(2018, 0, 1);
const startOf = (since: number): number => FIRST + Math.floor(Math.max(0, since - FIRST) / MONTH_MS) * MONTH_MS;

async function chargesFrom(ask: Ask, from: number, signal: AbortSignal): Promise<readonly Billed[]> {
  const found: Billed[] = [];
  const within = { gte: from / 1_000, lte: (from + MONTH_MS) / 1_000 - 1 };
  for (let token: string | null = null; ; ) {
    const query = {
      select_filters: { day: within, type: { in: ['instance'] } },
      limit: '500',
      ...(token === null ? {} : { after_token: token }),
    };
    const asked = { route: 'charges', method: 'GET', path: '/api/v0/charges/', query, again: true } as const;
    const page: z.infer<typeof Charges> = reading(Charges, await ask.well(asked, signal), 'the charges');
    found.push(...page.results.flatMap(linesOf));
    token = page.next_token || null;
    if (token === null) return found;
  }
}

/** One machine's line is a sum; what it is made of is listed below it. */
function linesOf({ source, start, end, items }: z.infer<typeof Charge>): readonly Billed[] {
  const instance = /^instance-(\d+)$/.exec(source)?.[1];
  if (instance === undefined) return [];
  const lines = new Map<string, Billed>();
  for (const item of items ?? []) {
    const kind = PARTS[item.type as keyof typeof PARTS];
    const [from, until] = [(item.start ?? start) * 1_000, (item.end ?? end) * 1_000];
    const id = `${source}/${item.type}/${from}`;
    const micro = microDollars(item.amount) + (lines.get(id)?.micro ?? 0);
    if (kind) lines.set(id, { id, instance, for: kind, micro, from, until });
  }
  return [...lines.values()];
}
