import * as z from 'zod';

/** What we read of RunPod's answers (https://docs.runpod.io/api-reference-v2). A word that we do not know is no error. */
export const Pod = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  gpu: z.object({ id: z.string(), count: z.number().default(1) }).optional(),
  cloud: z.string(),
  dataCenterId: z.string().nullable(),
  ssh: z.object({ direct: z.object({ host: z.string(), port: z.number().int() }).nullable() }),
  mounts: z.object({ persistent: z.object({ size: z.number() }).optional() }).nullish(),
  cost: z.number(),
  createdAt: z.iso.datetime({ offset: true }),
});
export type Pod = z.infer<typeof Pod>;

export const Pods = z.object({ pods: z.array(Pod) });

export const Gpus = z.object({
  gpus: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      memory: z.number(),
      price: z.object({ secure: z.number(), community: z.number() }),
      maxCount: z.object({ secure: z.number(), community: z.number() }),
      dataCenters: z.array(z.object({ id: z.string(), availability: z.string() })).optional(),
      cudaVersions: z.array(z.object({ version: z.string(), available: z.boolean() })).optional(),
    }),
  ),
});
export type Gpu = z.infer<typeof Gpus>['gpus'][number];

export const Billing = z.object({
  records: z.array(
    z.object({
      podId: z.string(),
      startTime: z.iso.datetime({ offset: true }),
      endTime: z.iso.datetime({ offset: true }),
      gpuAmount: z.number(),
      cpuAmount: z.number(),
      diskAmount: z.number(),
    }),
  ),
});
export type BillingRecord = z.infer<typeof Billing>['records'][number];

export const Problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.string()).optional(),
});
