import type { Drill } from './journals.ts';

/** What was done for the backups of one workspace, by the control host and not by its machines. Its id is the workspace's. */
export interface Upkeep {
  readonly id: string;
  readonly version: number;
  /** When it was last begun, whether it could be done or not. */
  readonly triedAt: number;
  /** When all of it was last done, and the number of the newest snapshot then. */
  readonly doneAt: number | null;
  readonly sequence: number;
  /** Why it waits, and since when. */
  readonly waits: { readonly why: string; readonly since: number; readonly locked: boolean } | null;
  /** Snapshots removed since their data was. */
  readonly removed: number;
  readonly compactedAt: number | null;
  /** A former password still opens the hot repository, since a machine was given it: it goes as soon as none is left. */
  readonly formerKeys: boolean;
  /** What lies in the hot repository, and what lies beside it, the wake image among it. */
  readonly hot: (Usage & { readonly imageBytes?: number | undefined }) | null;
  /** When the vault was last brought up to it, and what it held then. */
  readonly vault: Usage | null;
  /** Copies, by their names, that could not be brought up to it. */
  readonly missed?: Readonly<Record<string, Missed>> | undefined;
  /** When a part of all bytes was last read, and what was wrong then. */
  readonly checkedAt: number | null;
  readonly damage: string | null;
  /** When a snapshot was last really restored, to try it. */
  readonly drill: Pick<Drill, 'at' | 'snapshot' | 'ok' | 'why'> | null;
}

export interface Missed {
  readonly why: string;
  readonly since: number;
  /** When it was last tried. */
  readonly at: number;
}

export interface Usage {
  readonly bytes: number;
  readonly objects: number;
  readonly at: number;
}

/** What a plan's limit is for. The wake image is a cache: it takes no snapshot's place. */
export function backupBytes(upkeep: Upkeep | null): number {
  const { bytes = 0, imageBytes = 0 } = upkeep?.hot ?? {};
  return bytes - imageBytes;
}

export function noUpkeep(workspace: string): Upkeep {
  return {
    id: workspace,
    version: 0,
    triedAt: 0,
    doneAt: null,
    sequence: 0,
    waits: null,
    removed: 0,
    compactedAt: null,
    formerKeys: false,
    hot: null,
    vault: null,
    missed: {},
    checkedAt: null,
    damage: null,
    drill: null,
  };
}
