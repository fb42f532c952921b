import * as z from 'zod';
import type { Decision, Snapshot } from './snapshot.ts';

/**
 * What lies beside the data of a snapshot, so that a catalogue that was lost is read from storage again. Written for people
 * and other programs as well: plain names, and times as text.
 */
const time = z.iso.datetime().transform((text) => Date.parse(text));
const decision = z.object({ by: z.string(), why: z.string(), at: time });

const Metadata = z.object({
  format: z.literal(1),
  backup_id: z.string().regex(/^[0-9a-f]{64}$/),
  project_id: z.string().min(1),
  backup_type: z.enum(['FULL', 'INCREMENTAL', 'SNAPSHOT', 'CHECKPOINT']),
  status: z.enum(['COMPLETED', 'FAILED']),
  created_at: time,
  completed_at: time.nullable(),
  size_bytes: z.number(),
  checksum: z.string(),
  parent_id: z.string().nullable(),
  file_count: z.number(),
  error_message: z.string().nullable(),
  tags: z.array(z.string()),
  extra: z.record(z.string(), z.string()),
  description: z.string(),
  kind: z.enum(['automatic', 'manual', 'pre-failover']),
  machine_id: z.string(),
  epoch: z.number().int(),
  sequence: z.number().int(),
  partial: z.boolean(),
  proved_at: time.nullable(),
  compared_at: time.nullable(),
  manifest_base: z.string().nullable(),
  pinned: decision.nullable(),
  set_aside: decision.nullable().default(null),
});

export function metadataText(one: Snapshot): string {
  const metadata: z.input<typeof Metadata> = {
    format: 1,
    backup_id: one.id,
    project_id: one.workspace,
    backup_type: one.type,
    status: one.status === 'FAILED' ? 'FAILED' : 'COMPLETED',
    created_at: iso(one.createdAt),
    completed_at: isoOrNull(one.completedAt),
    size_bytes: one.sizeBytes,
    checksum: one.contentHash,
    parent_id: one.parent,
    file_count: one.fileCount,
    error_message: one.errorMessage,
    tags: [...one.tags],
    extra: { ...one.extra },
    description: one.description,
    kind: one.kind,
    machine_id: one.machine,
    epoch: one.epoch,
    sequence: one.sequence,
    partial: one.partial,
    proved_at: isoOrNull(one.provedAt),
    compared_at: isoOrNull(one.comparedAt),
    manifest_base: one.manifestBase,
    pinned: decided(one.pinned),
    set_aside: decided(one.setAside),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** Rejects, with zod's own words, what is not whole. Whether the vault has it is found out anew; that it was removed lies beside. */
export function readMetadata(text: string): Snapshot {
  const it = Metadata.parse(JSON.parse(text));
  return {
    id: it.backup_id,
    version: 0,
    workspace: it.project_id,
    kind: it.kind,
    type: it.backup_type,
    status: it.status,
    createdAt: it.created_at,
    completedAt: it.completed_at,
    machine: it.machine_id,
    epoch: it.epoch,
    sequence: it.sequence,
    parent: it.parent_id,
    sizeBytes: it.size_bytes,
    fileCount: it.file_count,
    contentHash: it.checksum,
    partial: it.partial,
    provedAt: it.proved_at,
    comparedAt: it.compared_at,
    manifestBase: it.manifest_base,
    pinned: it.pinned,
    setAside: it.set_aside,
    leaving: null,
    vaultedAt: null,
    description: it.description,
    tags: it.tags,
    extra: it.extra,
    errorMessage: it.error_message,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
/** What a person, or a rule, said of it later, in an object of its own. */
export const decisionText = (one: Decision): string => `${JSON.stringify(decided(one), null, 2)}\n`;
export const readDecision = (text: string): Decision => decision.parse(JSON.parse(text));

const decided = (one: Decision | null) => one && { by: one.by, why: one.why, at: iso(one.at) };
