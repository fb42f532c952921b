import * as z from 'zod';
import { PLANS } from '../../domain/plan.ts';
import type { Workspace } from '../../domain/workspace.ts';
import { InstanceId } from './instance.ts';
import { SPEC_FIELDS } from './spec.ts';

const { retention_days, include_paths, exclude_paths, plan } = SPEC_FIELDS;

/** How a workspace is backed up, to be changed; what is not named stays. */
export const ChangeBackupSettings = z
  .strictObject({
    instance_id: InstanceId,
    plan,
    frequency_minutes: z
      .number()
      .positive()
      .max(1_440)
      .nullable()
      .optional()
      .meta({ examples: [5, 15, 60] }),
    frequency_seconds: z
      .number()
      .positive()
      .max(86_400)
      .nullable()
      .optional()
      .describe("Null: the plan's own.")
      .meta({ examples: [300, 3_600] }),
    retention_days,
    include_paths,
    exclude_paths,
  })
  .refine((given) => given.frequency_minutes === undefined || given.frequency_seconds === undefined, {
    message: 'name frequency_minutes or frequency_seconds, not both',
    path: ['frequency_seconds'],
  });

export const BackupSettingsJson = z.object({
  instance_id: z.string(),
  plan: z.enum(PLANS),
  frequency_seconds: z.number().nullable().describe("Null: the plan's own."),
  retention_days: z.number().nullable().describe('Null: as the kind of a snapshot or the plan says.'),
  include_paths: z.array(z.string()),
  exclude_paths: z.array(z.string()),
});
export type BackupSettingsJson = z.infer<typeof BackupSettingsJson>;

export function backupSettingsJson({ id, spec }: Workspace): BackupSettingsJson {
  return {
    instance_id: id,
    plan: spec.plan,
    frequency_seconds: spec.backupEveryMs === null ? null : spec.backupEveryMs / 1_000,
    retention_days: spec.retentionDays,
    include_paths: [...spec.include],
    exclude_paths: [...spec.exclude],
  };
}

export function everyMs({
  frequency_minutes: minutes,
  frequency_seconds: seconds,
}: z.output<typeof ChangeBackupSettings>): number | null | undefined {
  if (minutes === null || seconds === null) return null;
  if (minutes !== undefined) return Math.round(minutes * 60_000);
  return seconds === undefined ? undefined : Math.round(seconds * 1_000);
}
