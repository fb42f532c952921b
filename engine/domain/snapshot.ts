/** A state of a workspace that is in storage. Its row in the catalogue and its metadata.json beside the data are the same thing. */
export interface Snapshot {
  /** restic's full id, 64 hexadecimal digits. */
  readonly id: string;
  readonly version: number;
  readonly workspace: string;
  readonly kind: SnapshotKind;
  readonly type: SnapshotType;
  readonly status: SnapshotStatus;
  readonly createdAt: number;
  readonly completedAt: number | null;
  readonly machine: string;
  /** The claim under which it was taken. An older epoch never becomes newest. */
  readonly epoch: number;
  /** The control host's own order. */
  readonly sequence: number;
  readonly parent: string | null;
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** Our own hash over path, mode, mtime, size and data; equal content has equal hashes on any machine. */
  readonly contentHash: string;
  /** A whole folder could not be read, or the restore before it was not complete: an older one may hold more. Never newest good. */
  readonly partial: boolean;
  /** When the control host found it in storage, with its own credentials, under the manifest that the machine claimed. */
  readonly provedAt: number | null;
  /** When it also read files back and compared their bytes. Of the many automatic ones of a day, some; of last ones, all. */
  readonly comparedAt: number | null;
  /** The snapshot whose whole manifest this one's is a change of; null when its own is whole. */
  readonly manifestBase: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly extra: Readonly<Record<string, string>>;
  readonly errorMessage: string | null;
}

export type SnapshotKind = 'automatic' | 'manual' | 'pre-failover';
export type SnapshotType = 'FULL' | 'INCREMENTAL' | 'SNAPSHOT' | 'CHECKPOINT';
export type SnapshotStatus = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'VALIDATING' | 'RESTORING';

/** The snapshot a wake starts from when nobody named one: whole, proved, of the highest epoch, and last in our own order. */
export function newestGood(snapshots: readonly Snapshot[]): Snapshot | null {
  let best: Snapshot | null = null;
  for (const snapshot of snapshots) {
    if (snapshot.partial || snapshot.provedAt === null || snapshot.kind === 'pre-failover') continue;
    if (best === null || isLater(snapshot, best)) best = snapshot;
  }
  return best;
}

/** What a machine saved while it was alone has the number of the last order it had, and was made after that one. */
function isLater(one: Snapshot, other: Snapshot): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch;
  if (one.sequence !== other.sequence) return one.sequence > other.sequence;
  return one.createdAt > other.createdAt;
}
