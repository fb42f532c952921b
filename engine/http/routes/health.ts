import * as z from 'zod';
import { HealthJson } from '../json/health.ts';
import { MetricJson, MetricsJson } from '../json/metrics.ts';
import { route } from '../route.ts';

export const healthRoutes = [
  route({
    method: 'get',
    path: '/api/v1/metrics',
    verb: null,
    role: 'operator',
    say: 'What was counted and timed; /metrics has the same for Prometheus',
    answers: { 200: MetricsJson },
    async answer({ meter }) {
      const metrics = (await meter.all()).map((one) => MetricJson.parse(one));
      return { status: 200, body: { metrics } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/recovery/confirm',
    verb: 'recover',
    answers: { 200: z.object({ confirmed: z.boolean().describe('False: nothing waited for it.') }) },
    async answer({ engine, asked }) {
      return { status: 200, body: { confirmed: await engine.confirmRecovery(asked) } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/health',
    verb: null,
    say: 'Whether everything that Dumont needs answers, and what does not',
    role: 'viewer',
    answers: { 200: HealthJson },
    async answer({ engine }) {
      const parts = await engine.health();
      return { status: 200, body: { ok: parts.every((part) => part.ok), parts } };
    },
  }),
];
