import { z } from 'zod';
import { AuditJson, deedJson, SealJson, sealJson } from '../json/audit.ts';
import { route } from '../route.ts';

const DEEDS_MAX = 10_000;

/** Who did what. */
export const auditRoutes = [
  route({
    method: 'get',
    path: '/api/v1/audit',
    verb: 'audit',
    query: z.strictObject({
      by: z.string().max(100).optional(),
      verb: z.string().max(100).optional(),
      on: z.string().max(100).optional(),
      since: z.iso.datetime().optional(),
      limit: z.coerce.number().int().min(1).max(DEEDS_MAX).default(100),
    }),
    answers: { 200: AuditJson },
    async answer({ audit, query: { since, ...rest } }) {
      const deeds = await audit.read({ ...rest, since: since === undefined ? 0 : Date.parse(since) });
      return { status: 200, body: { deeds: deeds.map(deedJson) } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/audit/verify',
    verb: 'audit',
    answers: { 200: SealJson },
    async answer({ audit }) {
      return { status: 200, body: sealJson(await audit.verify()) };
    },
  }),
];
