import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { PriceIncrease } from '../../domain/marketplace.ts';
import type { Clock } from '../../domain/ports.ts';
import { asFailure, reading, VAST } from './answer.ts';
import type { Ask } from './ask.ts';

const number = z.number().nullish();

/** Null where something keeps its price. Seconds are priced, and the traffic by the GB. */
const Row = z.object({
  pending_price_increase_id: z.number().int(),
  contract_id: z.number().int(),
  old_gpu_costpersec: number,
  new_gpu_costpersec: number,
  old_disk_ram_costpersec: number,
  new_disk_ram_costpersec: number,
  old_bwd_cost: number,
  new_bwd_cost: number,
  old_bwu_cost: number,
  new_bwu_cost: number,
  old_platform_fee: number,
  new_platform_fee: number,
  contract_end_date: number,
});
type Row = z.infer<typeof Row>;

const Pending = z.object({ pending_price_increases: z.array(Row), truncated: z.boolean().nullish() });

/**
 * A host may ask for more: the rental then goes on at the new price when its term ends, if its renter agrees, and ends there
 * if not. To refuse changes nothing more than to say nothing does, so we only ever agree.
 */
export function openIncreases(ask: Ask, clock: Clock) {
  return {
    async increases(signal: AbortSignal): Promise<readonly PriceIncrease[]> {
      const path = '/api/v0/instances/pending-price-increases/';
      const asked = { route: 'increases', method: 'GET', path, again: true } as const;
      const said = reading(Pending, await ask.well(asked, signal), 'the price increases');
      if (said.truncated)
        throw new Failure('marketplace_down', { ...VAST, why: 'the list of price increases is not whole' });
      return said.pending_price_increases.map((row) => increaseOf(row, clock.now()));
    },

    async agree(increase: string, signal: AbortSignal): Promise<void> {
      const path = '/api/v0/instances/accept-price-increase/';
      const body = { pending_price_increase_id: Number(increase) }; // anything besides is refused
      const answer = await ask({ route: 'agree', method: 'PUT', path, body, again: true }, signal);
      const over = answer.status === 409 || answer.error === 'no_pending_price_increase';
      if (!answer.ok && !over) throw asFailure(answer);
    },
  };
}

function increaseOf(row: Row, now: number): PriceIncrease {
  const gpu = rise(row.old_gpu_costpersec, row.new_gpu_costpersec);
  const disk = rise(row.old_disk_ram_costpersec, row.new_disk_ram_costpersec);
  const besides = [
    words('traffic in', row.old_bwd_cost, row.new_bwd_cost, perGb),
    words('traffic out', row.old_bwu_cost, row.new_bwu_cost, perGb),
    words('its fee', row.old_platform_fee, row.new_platform_fee, (share) => `${Number((share * 100).toFixed(2))} %`),
  ].filter((part) => part !== null);
  return {
    id: String(row.pending_price_increase_id),
    instance: String(row.contract_id),
    moreDollarsPerHour: Number(((gpu + disk) * 3_600).toFixed(6)),
    besides: besides.length === 0 ? null : besides.join(', '),
    from: row.contract_end_date == null ? now : Math.round(row.contract_end_date * 1_000),
  };
}

type Price = number | null | undefined;

const rise = (before: Price, after: Price): number => (after == null ? 0 : after - (before ?? 0));

function words(what: string, before: Price, after: Price, say: (price: number) => string): string | null {
  if (after == null || after <= (before ?? 0)) return null;
  return `${what} ${say(after)} instead of ${say(before ?? 0)}`;
}

const perGb = (dollars: number): string => `$${Number(dollars.toFixed(4))}/GB`;
