import * as z from 'zod';
import { type Backup, SNAPSHOT_TYPES } from '../../domain/snapshot.ts';
import { NextCursor } from '../page.ts';
import { SnapshotJson, snapshotJson } from './snapshot.ts';

/** A snapshot as the backup API calls it. */
export const BackupJson = SnapshotJson.omit({ instance_id: true }).extend({
  project_id: z.string().describe("The workspace's id."),
});
export type BackupJson = z.infer<typeof BackupJson>;

export const BackupsJson = z.object({ backups: z.array(BackupJson), next_cursor: NextCursor });
export type BackupsJson = z.infer<typeof BackupsJson>;

const TAGS_MAX = 50;
const EXTRA_MAX = 50;

/** What a person may say of a snapshot they ask for. */
export const LABELS = {
  description: z.string().max(1_000).default(''),
  tags: z.array(z.string().min(1).max(100)).max(TAGS_MAX).default([]),
  extra: z
    .record(z.string().min(1).max(100), z.string().max(1_000))
    .refine((fields) => Object.keys(fields).length <= EXTRA_MAX, `at most ${EXTRA_MAX} fields`)
    .default({})
    .describe('Fields of your own.'),
};

export const BackupType = z
  .enum(SNAPSHOT_TYPES)
  .describe(
    'FULL reads every byte again; INCREMENTAL compares with the last one; SNAPSHOT is a named state; CHECKPOINT a point before something risky.',
  );

export function backupJson(backup: Backup): BackupJson {
  const { instance_id, ...rest } = snapshotJson(backup);
  return { ...rest, project_id: instance_id };
}
