import * as z from 'zod';
import type { Offer } from '../../domain/marketplace.ts';
import type { Clock } from '../../domain/ports.ts';
import { reading } from './answer.ts';
import type { Ask } from './ask.ts';

const Reports = z.array(z.object({ created_at: z.string().nullish() }));

/**
 * What renters complained of. It is asked for machine by machine, so nobody waits for it: an offer tells what is known by
 * then, and the rest is read meanwhile, the cheapest machines first.
 */
export function openReports(ask: Ask, clock: Clock) {
  const known = new Map<string, { readonly count: number | undefined; readonly at: number }>();
  let busy = false;

  async function read(machine: string, signal: AbortSignal): Promise<void> {
    const path = `/api/v0/machines/${machine}/reports/`;
    const said = await ask.well({ route: 'reports', method: 'GET', path, again: true }, signal);
    const now = clock.now();
    const times = reading(Reports, said, 'the reports of renters').map(({ created_at }) =>
      Date.parse(created_at ?? ''),
    );
    // One without a date counts: vast shows the latest.
    known.set(machine, { count: times.filter((at) => !(now - at > RECENT_MS)).length, at: now });
  }

  async function readAll(machines: readonly string[], signal: AbortSignal): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      for (const machine of machines) {
        await read(machine, signal).catch(() => {
          // Nobody waits for it: its offers stay without. Who only stops has asked for nothing.
          if (!signal.aborted) known.set(machine, { count: known.get(machine)?.count, at: clock.now() });
        });
        if (signal.aborted) return;
      }
    } finally {
      busy = false;
    }
  }

  return {
    on(offers: readonly Offer[], signal: AbortSignal): readonly Offer[] {
      const fresh = (machine: string): boolean => clock.now() - (known.get(machine)?.at ?? 0) < FRESH_MS;
      const cheapest = offers.toSorted((a, b) => a.dollarsPerHour - b.dollarsPerHour).map(({ machine }) => machine);
      const due = [...new Set(cheapest)].filter((machine) => !fresh(machine)).slice(0, AT_ONCE);
      void readAll(due, signal);
      return offers.map((offer) => {
        const reports = known.get(offer.machine)?.count;
        return reports === undefined ? offer : { ...offer, reports };
      });
    },
  };
}

const RECENT_MS = 30 * 24 * 3_600_000;
const FRESH_MS = 24 * 3_600_000;
const AT_ONCE = 30;
