import * as z from 'zod';
import type { Operation } from '../../domain/operation.ts';
import { NextCursor } from '../page.ts';
import { iso, isoOrNull, snaked } from './wire.ts';

export const OperationJson = z.object({
  id: z.string(),
  verb: z.string(),
  instance_id: z.string(),
  by: z.string(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  outcome: z
    .object({
      ok: z.boolean(),
      code: z.string().nullable().describe('Which failure it was; null when it went well.'),
      say: z.string(),
      facts: z.record(z.string(), z.unknown()),
    })
    .nullable(),
});
export type OperationJson = z.infer<typeof OperationJson>;

export const OperationsJson = z.object({ operations: z.array(OperationJson), next_cursor: NextCursor });
export type OperationsJson = z.infer<typeof OperationsJson>;

export function operationJson(operation: Operation): OperationJson {
  const { outcome } = operation;
  return {
    id: operation.id,
    verb: operation.verb,
    instance_id: operation.workspace,
    by: operation.by,
    started_at: iso(operation.at),
    ended_at: isoOrNull(operation.endedAt),
    outcome: outcome && {
      ok: outcome.ok,
      code: outcome.ok ? null : outcome.code,
      say: outcome.say,
      facts: snaked(outcome.facts),
    },
  };
}
