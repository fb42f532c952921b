import { type MonthUse, NO_USE, type StorageBill, type Use } from '../domain/bill.ts';
import { spanAt } from '../domain/budget.ts';
import { DAY_MS } from '../domain/ledger.ts';
import type { StoragePrices } from '../domain/storage-prices.ts';
import { sumCalls } from './plan-price.ts';

/** What lies in storage, and what was asked of it, up to that moment. What costs an account nothing goes to whoever came first. */
export function meterStorage(bill: StorageBill, { until, prices, others, now }: StorageSight): StorageBill {
  const from = bill.storedUntil;
  if (until <= from) return bill;
  let { used } = bill;
  const micro = { storage: 0, requests: 0, bandwidth: 0 };
  for (const part of monthsOf(from, until)) {
    const isLast = part.until === until;
    const before = used?.month === part.month ? used : { month: part.month, here: NO_USE, elsewhere: NO_USE };
    const use = { here: useOf(bill, 'here', part, isLast), elsewhere: useOf(bill, 'elsewhere', part, isLast) };
    for (const place of PLACES) {
      const taken = sumUses([before[place], ...others.filter(isOf(part.month)).map((one) => one[place])]);
      const costs = costOfUse(use[place], taken, prices[place]);
      for (const purpose of PURPOSES) micro[purpose] += costs[purpose];
    }
    used = {
      month: part.month,
      here: sumUses([before.here, use.here]),
      elsewhere: sumUses([before.elsewhere, use.elsewhere]),
    };
  }
  const { id, owner, since } = bill;
  const at = new Date(from).toISOString();
  const name = `${id}/${since}/${from % DAY_MS === 0 ? at.slice(0, 10) : at}`;
  const nobody = { machine: null, race: null, settles: null, marketMicro: null };
  const entries = PURPOSES.map((purpose) => ({
    ...nobody,
    at: now,
    workspace: id,
    owner,
    source: 'metered' as const,
    from,
    until,
    id: `${purpose}/${name}`,
    for: purpose,
    micro: Math.round(micro[purpose]),
  }));
  const nothing = { a: 0, b: 0 };
  return {
    ...bill,
    storedUntil: until,
    calls: nothing,
    elsewhere: nothing,
    outBytes: 0,
    used,
    pending: [...bill.pending, ...entries.filter((entry) => entry.for === 'storage' || entry.micro > 0)],
  };
}

/** What nobody can remove from a vault yet costs on, until its lock ends. */
export function restOf(
  bill: StorageBill,
  endedAt: number,
  vaults: readonly { readonly lockMs: number }[],
): { readonly bill: StorageBill; readonly ends: number } {
  const bytes = { ...bill.bytes, hot: 0 };
  const lies = bytes.vault + bytes.elsewhere > 0;
  return { bill: { ...bill, bytes }, ends: endedAt + (lies ? Math.max(0, ...vaults.map(({ lockMs }) => lockMs)) : 0) };
}

/** Month by month. */
export const addUses = (uses: readonly MonthUse[]): readonly MonthUse[] =>
  [...Map.groupBy(uses, ({ month }) => month)].map(([month, some]) => ({
    month,
    here: sumUses(some.map(({ here }) => here)),
    elsewhere: sumUses(some.map(({ elsewhere }) => elsewhere)),
  }));

export interface StorageSight {
  readonly until: number;
  readonly prices: Readonly<Record<Place, StoragePrices>>;
  /** What other workspaces used of the same accounts. */
  readonly others: readonly MonthUse[];
  readonly now: number;
}

type Place = (typeof PLACES)[number];
const PLACES = ['here', 'elsewhere'] as const;
const PURPOSES = ['storage', 'requests', 'bandwidth'] as const;

const isOf =
  (month: number) =>
  (use: MonthUse): boolean =>
    use.month === month;

function useOf({ bytes, calls, elsewhere, outBytes }: StorageBill, place: Place, part: Part, asked: boolean): Use {
  const days = (part.until - part.from) / DAY_MS;
  const [lies, { a, b }, out] =
    place === 'here' ? [bytes.hot + bytes.vault, calls, outBytes] : [bytes.elsewhere, elsewhere, 0];
  return { gbDays: (lies / GB) * days, ...(asked ? { a, b, gbOut: out / GB } : { a: 0, b: 0, gbOut: 0 }) };
}

/** Beyond what is free, when so much of the month's was used before. */
function costOfUse(
  use: Use,
  before: Use,
  { free, ...prices }: StoragePrices,
): Record<(typeof PURPOSES)[number], number> {
  const over = (kind: keyof Use, allowed: number): number =>
    Math.max(0, before[kind] + use[kind] - allowed) - Math.max(0, before[kind] - allowed);
  return {
    storage: (over('gbDays', free.gbMonths * MONTH_DAYS) * prices.microPerGbMonth) / MONTH_DAYS,
    requests: over('a', free.a) * prices.microPerA + over('b', free.b) * prices.microPerB,
    bandwidth: over('gbOut', free.gbOut) * prices.microPerGbOut,
  };
}

function sumUses(all: readonly Use[]): Use {
  return all.reduce((sum, one) => ({
    gbDays: sum.gbDays + one.gbDays,
    gbOut: sum.gbOut + one.gbOut,
    ...sumCalls([sum, one]),
  }));
}

export const monthOf = (at: number): number => spanAt('month', at).from;

interface Part {
  readonly month: number;
  readonly from: number;
  readonly until: number;
}

function monthsOf(from: number, until: number): readonly Part[] {
  const parts: Part[] = [];
  for (let start = from; start < until; ) {
    const { from: month, until: end } = spanAt('month', start);
    parts.push({ month, from: start, until: Math.min(end, until) });
    start = end;
  }
  return parts;
}

const GB = 1e9;
/** Storage is priced by months of so many days. */
const MONTH_DAYS = 30;
