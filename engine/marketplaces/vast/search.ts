import * as z from 'zod';
import type { Need, Offer } from '../../domain/marketplace.ts';
import { reading } from './answer.ts';
import type { Ask } from './ask.ts';

const number = z.number().nullish();

/** Of an offer, what we go by. */
const Row = z.object({
  id: z.number().int(),
  machine_id: z.number().int(),
  host_id: z.number().int().nullish(),
  gpu_name: z.string().min(1),
  num_gpus: z.number().int().positive(),
  gpu_ram: z.number(),
  cpu_ram: number,
  cpu_cores: number,
  cpu_cores_effective: number,
  disk_space: z.number(),
  dph_total: z.number().positive(),
  min_bid: number,
  inet_down: number,
  inet_up: number,
  inet_down_cost: number,
  inet_up_cost: number,
  storage_cost: number,
  reliability2: number,
  reliability: number,
  cuda_max_good: number,
  geolocation: z.string().nullish(),
  verification: z.string().nullish(),
});
type Row = z.infer<typeof Row>;

const Found = z.object({ offers: z.array(z.unknown()) });

/** What vast has on offer for this, most trusted first; interruptible ones too where that is wanted. */
export async function search(ask: Ask, need: Need, browsing: boolean, signal: AbortSignal): Promise<readonly Offer[]> {
  const kinds = need.spot ? (['on-demand', 'bid'] as const) : (['on-demand'] as const);
  const found: Offer[] = [];
  for (const kind of kinds) found.push(...(await searchFor(kind, ask, need, browsing, signal)));
  return found;
}

type Kind = 'on-demand' | 'bid';

async function searchFor(
  kind: Kind,
  ask: Ask,
  need: Need,
  browsing: boolean,
  signal: AbortSignal,
): Promise<readonly Offer[]> {
  const body = { ...filters(kind, need), type: kind, order: [['score', 'desc']], limit: OFFERS_MAX };
  const asked = { route: 'search', method: 'POST', path: '/api/v0/bundles/', body, again: true, browsing } as const;
  const { offers } = reading(Found, await ask.well(asked, signal), 'the list of offers');
  const rows = offers.map((offer) => Row.safeParse(offer));
  // One odd offer is left out; when none can be read it is we who do not understand.
  const failed = rows.find((row) => !row.success);
  if (failed && rows.every((row) => !row.success)) reading(Row, offers[0], 'an offer');
  return rows.flatMap((row) => (row.success ? [offerOf(row.data, kind)] : []));
}

/** Vast cuts what it returns at some number of its own; this is what we look through. */
const OFFERS_MAX = 256;

/** An id we hand out again says which kind of rental it means, since vast gives both the same. */
const SPOT = '-bid';
export const askOf = (offer: Offer): string => offer.id.replace(SPOT, '');

type Filter = Readonly<Record<string, unknown>>;

function filters(kind: Kind, need: Need): Filter {
  const price = kind === 'bid' ? 'min_bid' : 'dph_total';
  return {
    rentable: { eq: true },
    rented: { eq: false },
    external: { eq: false },
    direct_port_count: { gte: 1 }, // without a port of its own, SSH goes through vast
    duration: { gte: DAY_SECONDS }, // the host takes it away when its offer ends
    ...(need.verified ? { verified: { eq: true } } : {}),
    ...(need.gpu === undefined ? {} : { gpu_name: { in: spellings(need.gpu) } }),
    ...atLeast('num_gpus', need.gpuCountMin),
    ...atLeast('gpu_ram', need.vramGbMin === undefined ? undefined : (need.vramGbMin - 0.5) * 1024),
    ...atLeast('reliability2', need.reliabilityMin),
    ...atLeast('inet_down', need.downMbpsMin),
    ...atLeast('disk_space', need.diskGbMin),
    ...atLeast('cuda_max_good', need.cudaMin),
    ...(need.dollarsPerHourMax === undefined ? {} : { [price]: { lte: need.dollarsPerHourMax } }),
    ...(need.regions?.length ? { geolocation: { in: need.regions.map((one) => one.toUpperCase()) } } : {}),
    allocated_storage: need.diskGbMin ?? DISK_GB,
  };
}

const DAY_SECONDS = 86_400;
const DISK_GB = 40;

function atLeast(field: string, min: number | undefined): Filter {
  return min === undefined ? {} : { [field]: { gte: min } };
}

/** Vast compares letter by letter, and people write RTX_4090, rtx 4090 and rtx4090. */
function spellings(gpu: string): readonly string[] {
  const spaced = gpu.replaceAll('_', ' ').trim();
  const apart = spaced.replace(/([a-z])(\d{4})/gi, '$1 $2').replace(/\s+/g, ' ');
  return [...new Set([gpu, spaced, spaced.toUpperCase(), apart, apart.toUpperCase()])];
}

function offerOf(row: Row, kind: Kind): Offer {
  const share = row.cpu_cores && row.cpu_cores_effective ? row.cpu_cores_effective / row.cpu_cores : 1;
  const cores = row.cpu_cores_effective ?? row.cpu_cores;
  const bid = kind === 'bid';
  return {
    id: `${row.id}${bid ? SPOT : ''}`,
    marketplace: 'vast',
    machine: String(row.machine_id),
    host: String(row.host_id ?? row.machine_id),
    region: row.geolocation?.split(',').at(-1)?.trim() || 'unknown',
    gpu: row.gpu_name,
    gpuCount: row.num_gpus,
    vramGb: Math.round(row.gpu_ram / 1024),
    cpuCount: cores == null ? null : Math.round(cores),
    memoryGb: row.cpu_ram == null ? null : Math.round((row.cpu_ram * share) / 1024),
    diskGb: Math.floor(row.disk_space),
    dollarsPerHour: bid ? (row.min_bid ?? row.dph_total) : row.dph_total,
    dollarsPerGbDown: row.inet_down_cost ?? 0,
    dollarsPerGbUp: row.inet_up_cost ?? 0,
    ...(row.storage_cost != null && { stoppedDollarsPerGbMonth: row.storage_cost }),
    reliability: Math.min(1, Math.max(0, row.reliability2 ?? row.reliability ?? 0)),
    downMbps: row.inet_down ?? null,
    upMbps: row.inet_up ?? null,
    cuda: row.cuda_max_good ?? null,
    verified: row.verification === 'verified',
    spot: bid,
  };
}
