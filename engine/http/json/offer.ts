import * as z from 'zod';
import type { OffersView, RankedOffer } from '../../domain/doors.ts';
import type { Need, Offer } from '../../domain/marketplace.ts';
import { cameled, iso, snaked } from './wire.ts';

export const OfferJson = z.object({
  id: z.string(),
  marketplace: z.string(),
  machine: z.string().describe('The physical machine.'),
  host: z.string(),
  region: z.string(),
  gpu: z.string(),
  gpu_count: z.number(),
  vram_gb: z.number(),
  cpu_count: z.number().nullable().describe('Null, here and in the others: the marketplace does not say.'),
  memory_gb: z.number().nullable(),
  disk_gb: z.number(),
  dollars_per_hour: z.number(),
  dollars_per_gb_down: z.number(),
  dollars_per_gb_up: z.number(),
  reliability: z.number(),
  reports: z.number().optional().describe('How often its renters complained in the last 30 days, where that is known.'),
  down_mbps: z.number().nullable(),
  up_mbps: z.number().nullable(),
  cuda: z.number().nullable(),
  verified: z.boolean(),
  spot: z.boolean(),
});
export type OfferJson = z.infer<typeof OfferJson>;

export const RankedOfferJson = z.object({ rank: z.number(), why: z.string(), offer: OfferJson });
export type RankedOfferJson = z.infer<typeof RankedOfferJson>;

const SourceJson = z.object({
  marketplace: z.string(),
  at: z.iso.datetime().describe('When it said this; a list may be up to some minutes old where searches are few.'),
  offers: z.number().describe('How many it named before all filters were applied.'),
  failed: z.string().nullable().describe('Why nothing came from it.'),
});

export const OffersJson = z.object({ offers: z.array(RankedOfferJson), sources: z.array(SourceJson) });
export type OffersJson = z.infer<typeof OffersJson>;

const Word = z.string().min(1).max(100);
const REGIONS_MAX = 50;

/** In a body, where numbers are numbers. */
export const NeedJson = z.strictObject(
  needs(z.number().nonnegative(), z.boolean(), z.array(Word).min(1).max(REGIONS_MAX)),
);
export type NeedJson = z.infer<typeof NeedJson>;

/** The same in an address, where everything is text; `regions` may be repeated. */
export const NeedQuery = z.strictObject(
  needs(
    z
      .string()
      .regex(/^\d{1,12}(\.\d{1,6})?$/, 'expected a number')
      .transform(Number),
    z.enum(['true', 'false']).transform((word) => word === 'true'),
    z
      .union([Word, z.array(Word).max(REGIONS_MAX)])
      .transform((given): string[] => (typeof given === 'string' ? [given] : given)),
  ),
);

function needs<N extends z.ZodType<number>, B extends z.ZodType<boolean>, L extends z.ZodType<string[]>>(
  number: N,
  truth: B,
  words: L,
) {
  return {
    gpu: Word.optional(),
    gpu_count_min: number.optional(),
    vram_gb_min: number.optional(),
    dollars_per_hour_max: number.optional(),
    regions: words.optional(),
    reliability_min: number.optional(),
    down_mbps_min: number.optional(),
    disk_gb_min: number.optional(),
    cuda_min: number.optional(),
    verified: truth.optional(),
    spot: truth.optional(),
  };
}

export function needFrom(json: NeedJson): Need {
  return cameled(json);
}

export function offerJson(offer: Offer): OfferJson {
  return snaked(offer);
}

export function offersJson({ ranked, sources }: OffersView): OffersJson {
  return { offers: ranked.map(rankedOfferJson), sources: sources.map((one) => ({ ...one, at: iso(one.at) })) };
}

export function rankedOfferJson(ranked: RankedOffer): RankedOfferJson {
  return snaked(ranked);
}
