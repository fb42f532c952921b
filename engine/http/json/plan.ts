import * as z from 'zod';
import type { PlanQuotes } from '../../domain/doors.ts';
import { MICRO } from '../../domain/money.ts';
import { PLANS, PRICE_BOOK_NAMES, type PricesSaid, type RestorePrice } from '../../domain/plan.ts';

const PricesSaidJson = z.object({
  of: z.string().describe('Whose prices they are.'),
  paid: z.boolean().describe('False: storage costs nothing here, and this is what it would there.'),
});
export const RestorePriceJson = z.object({
  prices: PricesSaidJson,
  bytes: z.number(),
  requests_dollars: z.number(),
  out_dollars: z.number().describe('For what leaves storage.'),
  price_book: z.enum(PRICE_BOOK_NAMES),
  charge_dollars: z.number().describe('What the price book charges for it.'),
});
export type RestorePriceJson = z.infer<typeof RestorePriceJson>;
const PriceJson = z.object({
  frequency_seconds: z.number(),
  backups_per_day: z.number(),
  requests_dollars: z.number(),
  storage_dollars: z.number(),
  total_dollars: z.number().describe('A month of 30 such days.'),
});
export const PlansJson = z.object({
  prices: PricesSaidJson,
  restore: RestorePriceJson.describe('To bring it back once: all that is stored, or as much as was asked for.'),
  ladder: z
    .array(z.object({ until_seconds: z.number().nullable(), every_seconds: z.number().nullable() }))
    .describe('Of automatic snapshots up to that age the last in every so long is kept; null: to the end, and all.'),
  plans: z.array(
    z.object({
      name: z.enum(PLANS),
      frequency_seconds: z.number().describe('No backup sooner after the last one.'),
      retention_days: z.number().describe('Automatic snapshots are kept no longer.'),
      storage_bytes_max: z.number(),
      day: z
        .object({
          changing_hours: z.number(),
          stored_bytes: z.number(),
          changed_bytes: z.number(),
          image_bytes: z.number().describe('What the wake image takes besides; 0 without one.'),
          hibernations: z.number(),
        })
        .describe('What the prices are for.'),
      charge: z
        .object({ price_book: z.enum(PRICE_BOOK_NAMES), storage_dollars: z.number() })
        .describe('By the price book: a month of storage.'),
      prices: z.array(PriceJson),
    }),
  ),
});
export type PlansJson = z.infer<typeof PlansJson>;

export const restorePriceJson = (price: RestorePrice): RestorePriceJson => ({
  prices: pricesJson(price.prices),
  bytes: price.bytes,
  requests_dollars: price.requestsMicro / MICRO,
  out_dollars: price.outMicro / MICRO,
  price_book: price.book,
  charge_dollars: price.chargeMicro / MICRO,
});

const pricesJson = ({ of, paid }: PricesSaid): z.infer<typeof PricesSaidJson> => ({ of, paid });

export function plansJson({ prices, restore, ladder, plans }: PlanQuotes): PlansJson {
  return {
    prices: pricesJson(prices),
    restore: restorePriceJson(restore),
    ladder: ladder.map(({ untilMs, everyMs }) => ({
      until_seconds: Number.isFinite(untilMs) ? untilMs / 1_000 : null,
      every_seconds: everyMs <= 1 ? null : everyMs / 1_000,
    })),
    plans: plans.map(({ name, plan, day, charge, intervals }) => ({
      name,
      frequency_seconds: plan.intervalMs / 1_000,
      retention_days: plan.days,
      storage_bytes_max: plan.storageBytesMax,
      day: {
        changing_hours: day.changingHours,
        stored_bytes: day.storedBytes,
        changed_bytes: day.changedBytes,
        image_bytes: day.imageBytes,
        hibernations: day.hibernations,
      },
      charge: {
        price_book: charge.book,
        storage_dollars: charge.storageMicro / MICRO,
      },
      prices: intervals.map(({ intervalMs, price }) => ({
        frequency_seconds: intervalMs / 1_000,
        backups_per_day: price.backupsPerDay,
        requests_dollars: price.requestsMicro / MICRO,
        storage_dollars: price.storageMicro / MICRO,
        total_dollars: price.totalMicro / MICRO,
      })),
    })),
  };
}
