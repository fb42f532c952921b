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
    ...hardwareOf(physical, dph_base + disk),
    rentable: true,
    rented: false,
    external: null,
    is_bid: bid,
    end_date: account.now() / 1_000 + rest.duration,
    time_remaining: '',
    hostname: null,
    public_ipaddr: addressOf(physical),
    resource_type: 'gpu',
    search: price,
    instance: price,
  };
}

/** What nobody here goes by and other clients show or ask for. */
function hardwareOf({ machine_id, num_gpus, hosting_type }: Physical, dollars: number): Row {
  const dlperf = 40 * num_gpus + (machine_id % 10);
  const flops = 82 * num_gpus;
  return {
    driver_version: '580.95.05',
    driver_vers: 580_095_005,
    compute_cap: 890,
    gpu_arch: 'nvidia',
    cpu_ghz: 3.2,
    cpu_name: 'AMD EPYC 7543 32-Core Processor',
    has_avx: 1,
    mobo_name: 'H12SSL-i',
    os_version: '22.04',
    ubuntu_version: '22.04',
    disk_name: 'nvme',
    disk_bw: 2_400,
    pci_gen: 4,
    pcie_bw: 24.6,
    bw_nvlink: 0,
    gpu_mem_bw: 910.4,
    gpu_max_power: 450,
    gpu_max_temp: 90,
    gpu_display_active: false,
    vms_enabled: false,
    datacenter: hosting_type === 1,
    static_ip: hosting_type === 1,
    cluster_id: null,
    vericode: 1,
    dlperf,
    dlperf_per_dphtotal: dlperf / dollars,
    total_flops: flops,
    flops_per_dphtotal: flops / dollars,
    start_date: 1_700_000_000,
  };
}

export const addressOf = ({ machine_id }: Physical): string =>
  `203.0.${Math.floor((machine_id - 20_000) / 250)}.${1 + ((machine_id - 20_000) % 250)}`;

const OPS: Readonly<Record<string, (value: unknown, wish: unknown) => boolean>> = {
  eq: (value, wish) => same(value ?? false, wish),
  neq: (value, wish) => !same(value, wish),
  gt: (value, wish) => Number(value) > Number(wish),
  lt: (value, wish) => Number(value) < Number(wish),
  gte: (value, wish) => Number(value) >= Number(wish),
  lte: (value, wish) => Number(value) <= Number(wish),
  in: (value, wish) => (wish as unknown[]).some((one) => same(value, one)),
  notin: (value, wish) => !(wish as unknown[]).some((one) => same(value, one)),
};

/** Vast's own client sends numbers as text. */
const same = (value: unknown, wish: unknown): boolean =>
  typeof value === 'number' && typeof wish === 'string' ? value === Number(wish) : value === wish;

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
