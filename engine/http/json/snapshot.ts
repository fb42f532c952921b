import * as z from 'zod';
import {
  type Alike,
  BACKUP_STATUSES,
  type Backup,
  type Fate,
  SNAPSHOT_KINDS,
  SNAPSHOT_TYPES,
} from '../../domain/snapshot.ts';
import { NextCursor } from '../page.ts';
import { iso, isoOrNull } from './wire.ts';

export const SnapshotJson = z.object({
  id: z.string(),
  instance_id: z.string(),
  kind: z.enum(SNAPSHOT_KINDS),
  type: z.enum(SNAPSHOT_TYPES),
  status: z
    .enum(BACKUP_STATUSES)
    .describe(
      'COMPLETED or FAILED, or what is happening to it right now. Until it is there its id is that of its operation, and ' +
        'so it stays of one that came to nothing; of those that a machine takes by itself it is that of the machine.',
    ),
  created_at: z.iso.datetime(),
  completed_at: z.iso.datetime().nullable(),
  machine_id: z.string(),
  epoch: z.number(),
  sequence: z.number(),
  parent_id: z.string().nullable(),
  size_bytes: z.number(),
  file_count: z.number(),
  checksum: z
    .string()
    .describe('Over path, mode, time, size and data of every file; equal content has equal checksums.'),
  partial: z.boolean().describe('Some files are missing from it.'),
  proved_at: z.iso.datetime().nullable().describe('When it was read back from storage and compared.'),
  pinned_by: z.string().nullable().describe('Who wants it never to go by itself.'),
  description: z.string(),
  tags: z.array(z.string()),
  extra: z.record(z.string(), z.string()),
  error_message: z.string().nullable(),
});
export type SnapshotJson = z.infer<typeof SnapshotJson>;

export const SOONEST = z.iso
  .datetime()
  .nullable()
  .describe('From when on a later one of the same span of time may take its place; null: none will.');

export const ListedSnapshotJson = SnapshotJson.extend({
  same_content_ids: z.array(z.string()).describe('Older ones of the same content, which are not listed besides.'),
  named: z
    .object({ id: z.string(), description: z.string(), tags: z.array(z.string()) })
    .nullable()
    .describe('The one of those that a person named, where nobody named the newest.'),
  retention: z
    .object({
      stays: z.boolean(),
      why: z.string(),
      until: z.iso.datetime().nullable(),
      soonest: SOONEST,
      pinned_by: z.string().nullable(),
    })
    .nullable()
    .describe('What becomes of this content; until when, unless something changes. Null before it is there.'),
});
export const SnapshotsJson = z.object({
  snapshots: z.array(ListedSnapshotJson),
  total: z.number().describe('How many the workspace has, each of the same content too, whatever is listed here.'),
  next_cursor: NextCursor,
});
export type SnapshotsJson = z.infer<typeof SnapshotsJson>;

export function snapshotJson(snapshot: Backup): SnapshotJson {
  return {
    id: snapshot.id,
    instance_id: snapshot.workspace,
    kind: snapshot.kind,
    type: snapshot.type,
    status: snapshot.status,
    created_at: iso(snapshot.createdAt),
    completed_at: isoOrNull(snapshot.completedAt),
    machine_id: snapshot.machine,
    epoch: snapshot.epoch,
    sequence: snapshot.sequence,
    parent_id: snapshot.parent,
    size_bytes: snapshot.sizeBytes,
    file_count: snapshot.fileCount,
    checksum: snapshot.contentHash,
    partial: snapshot.partial,
    proved_at: isoOrNull(snapshot.provedAt),
    pinned_by: snapshot.pinned?.by ?? null,
    description: snapshot.description,
    tags: [...snapshot.tags],
    extra: { ...snapshot.extra },
    error_message: snapshot.errorMessage,
  };
}

export function listedJson({ newest, named, others }: Alike, fate: Fate | null): SnapshotsJson['snapshots'][number] {
  return {
    ...snapshotJson(newest),
    same_content_ids: others.map(({ id }) => id),
    named: named && { id: named.id, description: named.description, tags: [...named.tags] },
    retention: fate && {
      stays: fate.stays,
      why: fate.why,
      until: isoOrNull(fate.until),
      soonest: isoOrNull(fate.soonest),
      pinned_by: fate.snapshot.pinned?.by ?? null,
    },
  };
}
