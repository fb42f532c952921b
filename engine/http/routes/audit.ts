import * as z from 'zod';
import { AuditJson, deedJson, SealJson, sealJson } from '../json/audit.ts';
import { ordered, PAGE, pageOf } from '../page.ts';
import { route } from '../route.ts';

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
      ...PAGE,
    }),
    answers: { 200: AuditJson },
    async answer({ audit, query: { since, limit, cursor, ...rest } }) {
      const deeds = await audit.read({ ...rest, since: since === undefined ? 0 : Date.parse(since) });
      // Nothing is ever taken out, so how many there were before one is a place that stays.
      const numbered = deeds.map((deed, at) => ({ deed, key: ordered(deeds.length - at) }));
      const { page, next_cursor } = pageOf(numbered, ({ key }) => key, { limit, cursor });
      return { status: 200, body: { deeds: page.map(({ deed }) => deedJson(deed)), next_cursor } };
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
