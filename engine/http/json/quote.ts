import * as z from 'zod';
import type { Quote } from '../../domain/doors.ts';
import { MICRO } from '../../domain/money.ts';
import { RankedOfferJson, rankedOfferJson } from './offer.ts';
import { RestorePriceJson, restorePriceJson } from './plan.ts';
import { TimesJson } from './times.ts';

export const QuoteJson = z.object({
  usable_ms: TimesJson.extend({
    own: z.boolean().describe('Of this workspace alone; else of all, since it was woken too seldom.'),
  })
    .nullable()
    .describe('From asking until somebody can work, as earlier wakes took.'),
  dollars_per_hour: z.object({ low: z.number(), high: z.number() }),
  cap_dollars: z.number().describe('The race stops renting before its own cost passes this.'),
  restore_bytes: z.number(),
  restore_dollars: z.number().describe('What the dearest host of the first round asks for receiving it.'),
  restore: RestorePriceJson.describe('What storage asks for it.'),
  first_round: z.array(RankedOfferJson),
});
export type QuoteJson = z.infer<typeof QuoteJson>;

export function quoteJson(quote: Quote): QuoteJson {
  return {
    usable_ms: quote.usable && { ...quote.usable },
    dollars_per_hour: { ...quote.dollarsPerHour },
    cap_dollars: quote.capMicro / MICRO,
    restore_bytes: quote.restoreBytes,
    restore_dollars: quote.restoreDollars,
    restore: restorePriceJson(quote.restore),
    first_round: quote.firstRound.map(rankedOfferJson),
  };
}
