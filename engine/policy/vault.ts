import {
  besidePrefix,
  descriptionPrefix,
  manifestKey,
  metadataKey,
  removedIn,
  removedKey,
  repositoryPrefix,
} from '../domain/layout.ts';
import type { StoredObject } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';

export interface VaultSight {
  readonly workspace: string;
  /** Snapshots listed before indexes, indexes before packs: then what a snapshot needs is in the list. */
  readonly hot: readonly StoredObject[];
  readonly vault: readonly StoredObject[];
  /** All that the catalogue has of the workspace. */
  readonly snapshots: readonly Snapshot[];
  /** Nothing that an index of the hot repository promises is missing there. */
  readonly sound: boolean;
  /** Since when the hot repository has not had what the vault has. */
  readonly absent: ReadonlyMap<string, number>;
  /** The vault lets nothing be removed or replaced that is younger. */
  readonly lockMs: number;
  readonly now: number;
}

/** What belongs together, one stage after the other: a stage begins when the one before it is whole. */
export type Stages = readonly (readonly StoredObject[])[];

export interface VaultPlan {
  readonly copy: Stages;
  /** What the hot repository has lost, or has otherwise than it was: brought back from the vault. */
  readonly mend: Stages;
  /** No longer needed, in the opposite order. */
  readonly drop: Stages;
  readonly absent: ReadonlyMap<string, number>;
}

/**
 * What a vault lacks, what it gives back, and what it need not keep. Everything in a repository is named by its content, so
 * an object that differs from its twin was damaged, and the older one counts. Only snapshots that were proved are copied.
 *
 * Nothing is dropped because the hot repository lacks it, unless all that the catalogue keeps is there and sound: whoever
 * holds a machine can empty the one, and must not empty the other by that.
 */
export function vaultPlan(sight: VaultSight): VaultPlan {
  const { hot, vault, snapshots, workspace, now, lockMs } = sight;
  const inHot = new Map(hot.map((one) => [one.key, one]));
  const inVault = new Map(vault.map((one) => [one.key, one]));
  const kept = snapshots.filter(({ provedAt, leaving }) => provedAt !== null && leaving === null);
  const held = [...removedIn([...hot, ...vault], workspace)].filter((id) => inVault.has(metadataKey(workspace, id)));
  const said = new Set(held.map((id) => removedKey(workspace, id)));
  const placeOf = placing(workspace, new Set(kept.map(({ id }) => id)), said);
  const staged = (all: readonly StoredObject[], order: readonly Place[]): Stages =>
    order.map((place) => all.filter(({ key }) => placeOf(key) === place));

  const damaged = hot.filter(({ key, etag }) => {
    const twin = inVault.get(key);
    return twin !== undefined && twin.etag !== etag && placeOf(key) !== 'beside';
  });
  const names = kept.filter(({ id, vaultedAt }) => vaultedAt !== null && !inHot.has(snapshotKey(workspace, id)));
  const lost = names.length > 0 || !sight.sound;
  // What describes a snapshot is in no repository, so no check of one misses it.
  const described = new Set(
    kept.flatMap(({ id, vaultedAt }) =>
      vaultedAt === null ? [] : [manifestKey(workspace, id), metadataKey(workspace, id)],
    ),
  );
  const undescribed = vault.filter(({ key }) => described.has(key) && !inHot.has(key));
  const needed = new Set([...damaged, ...undescribed].map(({ key }) => key));
  const back = vault.filter(({ key }) => (lost && !inHot.has(key)) || needed.has(key));

  const whole =
    !lost &&
    undescribed.length === 0 &&
    damaged.length === 0 &&
    kept.every(({ id }) => inHot.has(snapshotKey(workspace, id)));
  const gone = vault.filter(({ key }) => !inHot.has(key));
  const absent = new Map(whole ? gone.map(({ key }) => [key, sight.absent.get(key) ?? now]) : sight.absent);
  const over = gone.filter(({ key, writtenAt }) => {
    const since = absent.get(key);
    return whole && since !== undefined && now - since > lockMs && now - writtenAt > lockMs;
  });
  return {
    copy: sight.sound
      ? staged(
          hot.filter(({ key }) => !inVault.has(key)),
          FORTH,
        )
      : [],
    mend: staged(back, FORTH),
    drop: FORTH.toReversed().map((place) => over.filter(({ key }) => anyPlace(workspace, key) === place)),
    absent,
  };
}

type Place = 'data' | 'index' | 'snapshots' | 'beside';

/** Packs before what names them, and the snapshot's name last but what describes it. */
const FORTH: readonly Place[] = ['data', 'index', 'snapshots', 'beside'];

/** Null for what is not copied: locks, drafts, and snapshots nobody proved. Of what was removed it is only `said`. */
function placing(workspace: string, kept: ReadonlySet<string>, said: ReadonlySet<string>) {
  return (key: string): Place | null => {
    const place = anyPlace(workspace, key);
    if (place === 'snapshots') return kept.has(key.slice(key.lastIndexOf('/') + 1)) ? place : null;
    if (place === 'beside' && !key.startsWith(descriptionPrefix(workspace))) {
      const id = key.slice(besidePrefix(workspace).length).split('/')[0] ?? '';
      return kept.has(id) || said.has(key) ? place : null;
    }
    return place;
  };
}

function anyPlace(workspace: string, key: string): Place | null {
  if (key.startsWith(besidePrefix(workspace)) || key.startsWith(descriptionPrefix(workspace))) return 'beside';
  const repository = repositoryPrefix(workspace);
  if (!key.startsWith(repository)) return null;
  const folder = key.slice(repository.length).split('/')[0];
  if (folder === 'config' || folder === 'keys' || folder === 'data') return 'data';
  return folder === 'index' || folder === 'snapshots' ? folder : null;
}

const snapshotKey = (workspace: string, id: string): string => `${repositoryPrefix(workspace)}snapshots/${id}`;
