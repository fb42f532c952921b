import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { Address, Listed, ListedStatus } from '../../domain/marketplace.ts';
import { reading, VAST } from './answer.ts';
import type { Ask } from './ask.ts';

const Mapped = z.array(z.object({ HostPort: z.union([z.string(), z.number()]).nullish() }));

const Row = z.object({
  id: z.number().int(),
  label: z.string().nullish(),
  machine_id: z.number().nullish(),
  actual_status: z.string().nullish(),
  intended_status: z.string().nullish(),
  status_msg: z.string().nullish(),
  ssh_host: z.string().nullish(),
  ssh_port: z.number().nullish(),
  image_runtype: z.string().nullish(),
  public_ipaddr: z.string().nullish(),
  // Null until it runs; one description of it says it is a list of numbers.
  ports: z.record(z.string(), Mapped.nullish()).nullish().catch(null),
  dph_total: z.number().nullish(),
  dph_base: z.number().nullish(),
  start_date: z.number().nullish(),
  end_date: z.number().nullish(),
});
type Row = z.infer<typeof Row>;

const Page = z.object({
  instances: z.array(Row),
  total_instances: z.number().int().nullish(),
  next_token: z.string().nullish(),
});

/** Every page, or a failure. `depart` is called when the first one leaves. */
export async function list(ask: Ask, depart: () => void, signal: AbortSignal): Promise<readonly Listed[]> {
  const rows = new Map<number, Row>();
  const tokens = new Set<string>();
  const totals: number[] = [];
  for (let token: string | null = null; ; ) {
    const page = await onePage(ask, token, depart, signal);
    for (const row of page.instances) rows.set(row.id, row);
    if (typeof page.total_instances === 'number') totals.push(page.total_instances);
    token = page.next_token || null;
    if (token === null) break;
    if (tokens.has(token)) throw notWhole('its pages lead in a circle');
    tokens.add(token);
  }
  // Machines may come and go from page to page; there were never fewer than the least it counted.
  const least = totals.length > 0 ? Math.min(...totals) : 0;
  if (rows.size < least) throw notWhole(`${rows.size} of ${least} machines came`);
  return [...rows.values()].map(listed);
}

async function onePage(
  ask: Ask,
  token: string | null,
  depart: () => void,
  signal: AbortSignal,
): Promise<z.infer<typeof Page>> {
  const query = { limit: String(PAGE), ...(token === null ? {} : { after_token: token }) };
  const departing = async (): Promise<void> => depart();
  const path = '/api/v1/instances/';
  const asked = { route: 'list', method: 'GET', path, query, again: true, depart: departing } as const;
  return reading(Page, await ask.well(asked, signal), 'the list of machines');
}

const PAGE = 25;

function notWhole(why: string): Failure {
  return new Failure('marketplace_down', { ...VAST, why: `the list of machines is not whole: ${why}` });
}

function listed(row: Row): Listed {
  return {
    instance: String(row.id),
    label: row.label || null,
    status: statusOf(row),
    statusMessage: (row.status_msg ?? row.actual_status ?? 'being provisioned').trim(),
    address: addressOf(row),
    machine: String(row.machine_id ?? 'unknown'),
    dollarsPerHour: (statusOf(row) === 'stopped' ? diskOf(row) : null) ?? row.dph_total ?? 0,
    startedAt: Math.round((row.start_date ?? 0) * 1_000),
    ...(row.end_date ? { endsAt: Math.round(row.end_date * 1_000) } : {}),
  };
}

/** Its price is that of a running machine; one that stands still costs its disk alone. */
function diskOf({ dph_total, dph_base }: Row): number | null {
  return dph_total == null || dph_base == null ? null : Math.max(0, dph_total - dph_base);
}

const STATUS: Readonly<Record<string, ListedStatus>> = {
  created: 'loading',
  loading: 'loading',
  rebooting: 'loading',
  recycling: 'loading',
  restarting: 'loading',
  scheduling: 'loading',
  running: 'running',
  stopped: 'stopped',
};

/** `unknown` and `offline` machines may come back; one that could not be made, or that ended by itself, does not. */
function statusOf({ actual_status, intended_status, status_msg }: Row): ListedStatus {
  if (/OCI runtime create failed/.test(status_msg ?? '')) return 'exited';
  if (actual_status == null) return intended_status === 'stopped' ? 'stopped' : 'loading';
  if (actual_status === 'exited') return intended_status === 'stopped' ? 'stopped' : 'exited';
  return STATUS[actual_status] ?? 'unknown';
}

/** Straight to the machine where it has a port; otherwise through vast's own door. */
function addressOf(row: Row): Address | null {
  if (row.actual_status !== 'running') return null;
  const port = Number(row.ports?.['22/tcp']?.[0]?.HostPort ?? Number.NaN);
  const host = row.public_ipaddr?.trim();
  if (host && Number.isInteger(port)) return { host, port };
  if (!row.ssh_host || !row.ssh_port) return null;
  return { host: row.ssh_host, port: row.ssh_port + (row.image_runtype?.includes('jupyter') ? 1 : 0) };
}
