import * as z from 'zod';

export const MetricJson = z.object({
  name: z.string(),
  help: z.string(),
  type: z.string(),
  values: z.array(
    z.object({
      value: z.number(),
      labels: z.record(z.string(), z.union([z.string(), z.number()])),
      metricName: z.string().optional().describe('Of a histogram: its sum, its count, or one of its buckets.'),
    }),
  ),
});
export const MetricsJson = z.object({ metrics: z.array(MetricJson) });
export type MetricsJson = z.infer<typeof MetricsJson>;
