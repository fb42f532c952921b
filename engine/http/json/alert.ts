import * as z from 'zod';
import { ALERT_KINDS, ALERTS, type Alert } from '../../domain/alert.ts';
import { NextCursor } from '../page.ts';
import { iso, isoOrNull } from './wire.ts';

const AlertJson = z.object({
  id: z.string(),
  kind: z.enum(ALERT_KINDS),
  instance_id: z.string().nullable().describe('Null: it is about the installation.'),
  raised_at: z.iso.datetime(),
  why: z.string(),
  mend: z.string().describe('What to do.'),
  resolved_at: z.iso.datetime().nullable(),
  resolved_by: z.string().nullable(),
});
export type AlertJson = z.infer<typeof AlertJson>;

export const AlertsJson = z.object({ alerts: z.array(AlertJson), next_cursor: NextCursor });
export type AlertsJson = z.infer<typeof AlertsJson>;

export function alertJson({ id, kind, workspace, raisedAt, why, resolvedAt, resolvedBy }: Alert): AlertJson {
  return {
    id,
    kind,
    instance_id: workspace,
    raised_at: iso(raisedAt),
    why,
    mend: ALERTS[kind].en,
    resolved_at: isoOrNull(resolvedAt),
    resolved_by: resolvedBy,
  };
}
