import * as z from 'zod';

/** What we read of Compute Engine v1 (https://docs.cloud.google.com/compute/docs/reference/rest/v1). */
export const Instance = z.object({
  name: z.string(),
  zone: z.string(),
  status: z.string(),
  description: z.string().default(''),
  machineType: z.string(),
  creationTimestamp: z.iso.datetime({ offset: true }),
  disks: z.array(z.object({ diskSizeGb: z.string().optional() })).default([]),
  networkInterfaces: z
    .array(z.object({ accessConfigs: z.array(z.object({ natIP: z.string().optional() })).optional() }))
    .default([]),
});
export type Instance = z.infer<typeof Instance>;

/** By zone; a zone without any says so in a warning, and so does one that could not be asked. */
export const Aggregated = z.object({
  items: z
    .record(
      z.string(),
      z.object({ instances: z.array(Instance).default([]), warning: z.object({ code: z.string() }).optional() }),
    )
    .default({}),
  unreachables: z.array(z.string()).default([]),
  nextPageToken: z.string().optional(),
});

export const Operation = z.object({
  name: z.string(),
  status: z.string(),
  error: z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().default('') })) }).optional(),
});
export type Operation = z.infer<typeof Operation>;

export const Refusal = z.object({
  error: z.object({
    message: z.string(),
    errors: z.array(z.object({ reason: z.string() })).default([]),
  }),
});

export const SerialOutput = z.object({ contents: z.string().default('') });
