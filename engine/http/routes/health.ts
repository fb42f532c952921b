import { HealthJson } from '../json/health.ts';
import { route } from '../route.ts';

export const healthRoutes = [
  route({
    method: 'get',
    path: '/api/v1/health',
    verb: null,
    role: 'viewer',
    answers: { 200: HealthJson },
    async answer({ engine }) {
      const parts = await engine.health();
      return { status: 200, body: { ok: parts.every((part) => part.ok), parts } };
    },
  }),
];
