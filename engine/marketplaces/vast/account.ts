import { z } from 'zod';
import { reading } from './answer.ts';
import type { Ask } from './ask.ts';

const User = z.object({ credit: z.number().nullish(), balance: z.number().nullish() });

const Charge = z.object({
  start: z.number(),
  end: z.number(),
  source: z.string(),
  amount: z.number(),
  metadata: z.object({ label: z.string().nullish() }).loose().nullish(),
  items: z
    .array(z.object({ type: z.string(), amount: z.number(), description: z.string().nullish() }).loose())
    .nullish(),
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

const Report = z.object({ problem: z.string().nullish(), message: z.string().nullish(), created_at: z.unknown() });

/** What one machine cost, as vast counts it. */
export interface VastCharge {
  readonly instance: string;
  readonly label: string | null;
  readonly from: number;
  readonly until: number;
  readonly dollars: number;
  readonly parts: readonly { readonly for: 'gpu' | 'disk' | 'down' | 'up' | 'other'; readonly dollars: number }[];
}

/** What vast knows of the account and of its market, besides machines. */
export function openAccount(ask: Ask) {
  return {
    /** What is left to spend. */
    async credit(signal: AbortSignal): Promise<number> {
      const asked = { route: 'user', method: 'GET', path: '/api/v0/users/current/', again: true } as const;
      const { credit, balance } = reading(User, await ask.well(asked, signal), 'the account');
      return credit ?? balance ?? 0;
    },

    /** Every charge for machines that falls into this time. */
    async charges(from: number, until: number, signal: AbortSignal): Promise<readonly VastCharge[]> {
      const found: VastCharge[] = [];
      const filters = {
        day: { gte: Math.floor(from / 1_000), lte: Math.ceil(until / 1_000) },
        type: { in: ['instance'] },
      };
      for (let token: string | null = null; ; ) {
        const query = { select_filters: filters, limit: '500', ...(token === null ? {} : { after_token: token }) };
        const asked = { route: 'charges', method: 'GET', path: '/api/v0/charges/', query, again: true } as const;
        const page: z.infer<typeof Charges> = reading(Charges, await ask.well(asked, signal), 'the charges');
        found.push(...page.results.flatMap((one) => chargeOf(one) ?? []));
        token = page.next_token || null;
        if (token === null) return found;
      }
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

    /** How often renters complained of this physical machine. */
    async reports(machine: string, signal: AbortSignal): Promise<number> {
      const path = `/api/v0/machines/${machine}/reports/`;
      const asked = { route: 'reports', method: 'GET', path, again: true } as const;
      return reading(z.array(Report), await ask.well(asked, signal), 'the reports of renters').length;
    },

    /** What hosts want to charge more, as vast puts it. Until it is answered the old price holds. */
    async increases(signal: AbortSignal): Promise<readonly unknown[]> {
      const path = '/api/v0/instances/pending-price-increases/';
      const asked = { route: 'increases', method: 'GET', path, again: true } as const;
      const said = reading(Increases, await ask.well(asked, signal), 'the price increases');
      return Array.isArray(said) ? said : (Object.values(said).find(Array.isArray) ?? []);
    },
  };
}

const Increases = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const PARTS = { gpu: 'gpu', disk: 'disk', bwd: 'down', bwu: 'up' } as const;

function chargeOf({ source, start, end, amount, metadata, items }: z.infer<typeof Charge>): VastCharge | null {
  const instance = /^instance-(\d+)$/.exec(source)?.[1];
  if (instance === undefined) return null;
  const parts = (items ?? []).map(({ type, amount: dollars }) => ({
    for: PARTS[type as keyof typeof PARTS] ?? ('other' as const),
    dollars,
  }));
  const label = metadata?.label ?? null;
  return { instance, label, from: start * 1_000, until: end * 1_000, dollars: amount, parts };
}
