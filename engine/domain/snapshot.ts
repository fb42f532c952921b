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
  /** It never goes by itself. */
  readonly pinned: Decision | null;
  /** It was the newest when somebody went back to an older one: nothing that came after it goes on from it. */
  readonly setAside: Decision | null;
  /** It is being removed: nothing starts from it any more, and what is left of it goes. */
  readonly leaving: Decision | null;
  /** When the vault held all of it, and that was checked. */
  readonly vaultedAt: number | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly extra: Readonly<Record<string, string>>;
  readonly errorMessage: string | null;
}

/** Of one that was just made: nobody has said or decided anything about it. */
export const UNTOUCHED = {
  version: 0,
  manifestBase: null,
  pinned: null,
  setAside: null,
  leaving: null,
  vaultedAt: null,
  description: '',
  tags: [],
  extra: {},
} as const satisfies Partial<Snapshot>;

export interface Decision {
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

export const SNAPSHOT_KINDS = ['automatic', 'manual', 'pre-failover'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];
export const SNAPSHOT_TYPES = ['FULL', 'INCREMENTAL', 'SNAPSHOT', 'CHECKPOINT'] as const;
export type SnapshotType = (typeof SNAPSHOT_TYPES)[number];
export const SNAPSHOT_STATUSES = ['COMPLETED', 'FAILED'] as const;
export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];

/** Those that are never stored: what happens to it at this moment. A crash leaves none of them behind. */
export type Doing = 'PENDING' | 'RUNNING' | 'VALIDATING' | 'RESTORING';
export const BACKUP_STATUSES = [
  ...SNAPSHOT_STATUSES,
  'PENDING',
  'RUNNING',
  'VALIDATING',
  'RESTORING',
] as const satisfies readonly (SnapshotStatus | Doing)[];

/** A snapshot as people see it; also one that is not there yet, which has the id of what asked for it. */
export interface Backup extends Omit<Snapshot, 'status'> {
  readonly status: (typeof BACKUP_STATUSES)[number];
}

/** The snapshot a wake starts from when nobody named one: of the good ones the newest. */
export function newestGood(snapshots: readonly Snapshot[]): Snapshot | null {
  let best: Snapshot | null = null;
  for (const snapshot of snapshots) {
    if (isGood(snapshot) && (best === null || byAge(snapshot, best) < 0)) best = snapshot;
  }
  return best;
}

/** Whole and proved, and of the machine that held the claim. */
function isGood({ partial, provedAt, kind, leaving }: Backup): boolean {
  return !partial && provedAt !== null && kind !== 'pre-failover' && leaving === null;
}

/**
 * The newest first: of the highest epoch, and last in our own order. What a machine saved while it was alone has the number
 * of the last order it had, and was made after that one.
 */
export function byAge(one: Backup, other: Backup): number {
  return (
    other.epoch - one.epoch ||
    other.sequence - one.sequence ||
    other.createdAt - one.createdAt ||
    (one.id < other.id ? 1 : -1)
  );
}

export interface SnapshotFilter {
  readonly kind?: SnapshotKind | undefined;
  readonly tag?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only those that a wake may start from. */
  readonly good?: boolean | undefined;
}

export function fits({ kind, tag, since = 0, until = Number.POSITIVE_INFINITY, good = false }: SnapshotFilter) {
  return (one: Backup): boolean =>
    (kind === undefined || one.kind === kind) &&
    (tag === undefined || one.tags.includes(tag)) &&
    (!good || isGood(one)) &&
    one.createdAt >= since &&
    one.createdAt <= until;
}

/** Those of one content, as one row: the newest, since a wake starts from that one and a status names it. */
export interface Alike {
  readonly newest: Backup;
  /** An older one that a person named, unless they named the newest: that is what they look for. */
  readonly named: Backup | null;
  readonly others: readonly Backup[];
}

/** Identical content once, the newest first. */
export function onePerContent(backups: readonly Backup[]): readonly Alike[] {
  const alike = Map.groupBy(backups.toSorted(byAge), (one) =>
    one.status === 'COMPLETED' || one.status === 'RESTORING' ? `${one.contentHash} ${one.partial}` : one.id,
  );
  return [...alike.values()].map((all) => {
    const [newest, ...others] = all as [Backup, ...Backup[]];
    const [first] = others.toSorted((one, other) => saidOf(other) - saidOf(one));
    return { newest, named: first && saidOf(first) > saidOf(newest) ? first : null, others };
  });
}

/** How much a person said of it. The checkpoint before something risky has words that nobody chose. */
function saidOf({ kind, type, description, tags }: Backup): number {
  if (kind !== 'manual') return 0;
  return type !== 'CHECKPOINT' && (description !== '' || tags.length > 0) ? 2 : 1;
}

/** What becomes of a snapshot when its workspace's are thinned. */
export interface Fate {
  readonly snapshot: Snapshot;
  readonly stays: boolean;
  readonly why: string;
  /** When it goes if nothing changes; null: not by itself, or now. */
  readonly until: number | null;
  /** From when on it may go already, should a later one of the same span of time take its place; null: not before. */
  readonly soonest: number | null;
  /** Another one that stays and has the same content: nothing is lost with this one but its name. */
  readonly sameAs: string | null;
}

/** What becomes of a content that several hold: it is there as long as the last of them. */
export function lastOf(fates: readonly Fate[]): Fate | null {
  return fates.toSorted((one, other) => endOf(other) - endOf(one))[0] ?? null;
}

function endOf({ snapshot: { pinned }, stays, until }: Fate): number {
  if (!stays) return 0;
  return until ?? (pinned ? Number.POSITIVE_INFINITY : Number.MAX_VALUE);
}
