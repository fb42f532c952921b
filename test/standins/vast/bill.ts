import type { Account, Rental } from './account.ts';

/** What one machine has cost, in dollars. */
export interface Cost {
  readonly gpu: number;
  readonly disk: number;
  readonly bwd: number;
  readonly bwu: number;
}

const HOUR = 3_600_000;
const MONTH = 730 * HOUR;
/** The pull of its image takes most of the way to running. */
const PULL_SHARE = 0.8;

/** The disk counts from creation, the GPU while it runs, and every byte of an image that was not there. */
export function costOf(account: Account, rental: Rental, from = 0, until = account.now()): Cost {
  const within = (start: number, end: number): number => Math.max(0, Math.min(end, until) - Math.max(start, from));
  const end = rental.endedAt ?? until;
  const gpuIn = (term: Rental['terms'][number], span: Rental['spans'][number]): number =>
    (within(Math.max(runningFrom(rental, span), term.from), Math.min(span.until ?? end, term.until)) / HOUR) *
    term.price;
  return {
    gpu: rental.terms.reduce((sum, term) => rental.spans.reduce((all, span) => all + gpuIn(term, span), sum), 0),
    disk: (within(rental.createdAt, end) / MONTH) * rental.disk * rental.physical.storage_cost,
    bwd: pulledBetween(account, rental, from, Math.min(until, end)) * rental.physical.inet_down_cost,
    bwu: 0,
  };
}

export const sumOf = ({ gpu, disk, bwd, bwu }: Cost): number => gpu + disk + bwd + bwu;

export function spent(account: Account): number {
  return account.rentals.reduce((sum, rental) => sum + sumOf(costOf(account, rental)), 0);
}

/** What is left to spend at the start, where nobody says otherwise. */
export const CREDIT = 50;

export const creditLeft = (account: Account): number => (account.options.credit ?? CREDIT) - spent(account);

/** The first start pulls the image; a later one finds it. Some never come so far. */
export function runningFrom(rental: Rental, span: Rental['spans'][number]): number {
  const { fate, loadingMs } = rental.boot;
  if (fate === 'exits' || fate === 'oci' || fate === 'offline' || span.waits) return Number.POSITIVE_INFINITY;
  return span.from + (span.first ? loadingMs : Math.min(loadingMs, RESTART_MS));
}

const RESTART_MS = 20_000;

function pulledBetween(account: Account, rental: Rental, from: number, until: number): number {
  if (rental.boot.cached || rental.spans.length === 0) return 0;
  const gb = account.options.imageGb ?? 5.5;
  // One that hangs has pulled at its line's speed all the same.
  const lineMs = (gb * 8_000_000) / Math.max(rental.physical.inet_down, 1);
  const pullMs = Number.isFinite(rental.boot.loadingMs) ? rental.boot.loadingMs * PULL_SHARE : lineMs;
  const share = (at: number): number => Math.min(1, Math.max(0, (at - rental.createdAt) / pullMs));
  return gb * (share(until) - share(from));
}
