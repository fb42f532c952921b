import * as z from 'zod';

export const HealthJson = z.object({
  ok: z.boolean(),
  parts: z.array(z.object({ name: z.string(), ok: z.boolean(), say: z.string(), mend: z.string().optional() })),
});
export type HealthJson = z.infer<typeof HealthJson>;
