import * as z from 'zod';

export const TimesJson = z
  .object({
    p50: z.number(),
    p95: z.number().nullable().describe('Null with fewer than 20.'),
    slowest: z.number(),
    samples: z.number(),
  })
  .describe('In milliseconds.');
