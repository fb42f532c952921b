import * as z from 'zod';
import type { Quote } from '../../domain/doors.ts';
import { MICRO } from '../../domain/money.ts';
import { RankedOfferJson, rankedOfferJson } from './offer.ts';

export const QuoteJson = z.object({
  ready_ms: z.object({ p50: z.number(), p95: z.number() }).nullable(),
  samples: z.number().describe('How many earlier starts the estimate rests on.'),
  dollars_per_hour: z.object({ low: z.number(), high: z.number() }),
  cap_dollars: z.number().describe('The race stops renting before its own cost passes this.'),
  restore_bytes: z.number(),
  restore_dollars: z.number(),
  first_round: z.array(RankedOfferJson),
});
export type QuoteJson = z.infer<typeof QuoteJson>;

export function quoteJson(quote: Quote): QuoteJson {
  return {
    ready_ms: quote.readyMs && { ...quote.readyMs },
    samples: quote.samples,
    dollars_per_hour: { ...quote.dollarsPerHour },
    cap_dollars: quote.capMicro / MICRO,
    restore_bytes: quote.restoreBytes,
    restore_dollars: quote.restoreDollars,
    first_round: quote.firstRound.map(rankedOfferJson),
  };
}
