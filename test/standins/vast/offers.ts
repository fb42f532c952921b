import { type Account, askId, freeMachines } from './account.ts';
import { type Answer, type Asked, ok, Refusal } from './answer.ts';
import type { Physical } from './fleet.ts';

type Row = Readonly<Record<string, unknown>>;

/** `POST /bundles/`: what is free, as its filters want it. */
export function offers(account: Account, { body }: Asked): Answer {
  const { limit = 64, type = 'on-demand', order = [['score', 'desc']], allocated_storage = 8, ...filters } = body;
  const rows = freeMachines(account).map((physical) =>
    rowOf(account, physical, Number(allocated_storage), type === 'bid'),
  );
  const fitting = rows.filter((row) => Object.entries(filters).every(([field, wish]) => fits(row, field, wish)));
  const sorted = (order as [string, 'asc' | 'desc'][])
    .toReversed()
    .reduce(
      (all, [field, way]) => all.toSorted((a, b) => (Number(a[field]) - Number(b[field])) * (way === 'desc' ? -1 : 1)),
      fitting,
    );
  return ok({ offers: sorted.slice(0, Number(limit)) });
}

export const HOURS_A_MONTH = 730;

export function rowOf(account: Account, physical: Physical, storageGb: number, bid: boolean): Row {
  const { quality, dph_base, min_bid, storage_cost, inet_down_cost, inet_up_cost, ...rest } = physical;
  const disk = (storageGb * storage_cost) / HOURS_A_MONTH;
  const gpu = bid ? min_bid : dph_base;
  const id = askId(account, physical);
  const price = {
    gpuCostPerHour: gpu,
    diskHour: disk,
    totalHour: gpu + disk,
    discountTotalHour: 0,
    discountedTotalPerHour: gpu + disk,
  };
  return {
    ...rest,
    id,
    ask_contract_id: id,
    bundle_id: id,
    bundled_results: null,
    gpu_frac: 1,
    gpu_total_ram: rest.gpu_ram * rest.num_gpus,
    cpu_arch: 'amd64',
    dph_base,
    min_bid,
    storage_cost,
    storage_total_cost: disk,
    dph_total: dph_base + disk,
    dph_total_adj: dph_base + disk,
    inet_down_cost,
    inet_up_cost,
    internet_down_cost_per_tb: inet_down_cost * 1_000,
    internet_up_cost_per_tb: inet_up_cost * 1_000,
    reliability: rest.reliability2,
    expected_reliability: rest.reliability2,
    verified: rest.verification === 'verified',
    score: quality * 300 + 50 / dph_base,
    rentable: true,
    rented: false,
    external: null,
    is_bid: bid,
    driver_version: '580.95.05',
    compute_cap: 890,
    end_date: account.now() / 1_000 + rest.duration,
    time_remaining: '',
    hostname: null,
    public_ipaddr: addressOf(physical),
    resource_type: 'gpu',
    search: price,
    instance: price,
  };
}

export const addressOf = ({ machine_id }: Physical): string =>
  `203.0.${Math.floor((machine_id - 20_000) / 250)}.${1 + ((machine_id - 20_000) % 250)}`;

const OPS: Readonly<Record<string, (value: unknown, wish: unknown) => boolean>> = {
  eq: (value, wish) => (value ?? false) === wish,
  neq: (value, wish) => value !== wish,
  gt: (value, wish) => Number(value) > Number(wish),
  lt: (value, wish) => Number(value) < Number(wish),
  gte: (value, wish) => Number(value) >= Number(wish),
  lte: (value, wish) => Number(value) <= Number(wish),
  in: (value, wish) => (wish as unknown[]).includes(value),
  notin: (value, wish) => !(wish as unknown[]).includes(value),
};

export function fits(row: Row, field: string, wish: unknown): boolean {
  if (!(field in row)) throw new Refusal(400, 'invalid_request', `error 400: unknown field ${field}`);
  // A place is named by its country alone and shown with its town.
  const value = field === 'geolocation' ? String(row[field]).split(', ').at(-1) : row[field];
  return Object.entries(wish as Row).every(([op, wanted]) => {
    const holds = OPS[op];
    if (!holds) throw new Refusal(400, 'invalid_request', `error 400: unknown operator ${op}`);
    return holds(value, wanted);
  });
}
