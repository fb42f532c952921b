import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { diskFailure, Failure, reasonOf } from '../domain/failures.ts';
import { buildRestic } from './build-restic.ts';
import { fetchRelease, Unreachable } from './fetch-release.ts';
import {
  RESTIC_ASSETS,
  RESTIC_DOWNLOADS,
  RESTIC_MINIMUM,
  RESTIC_VERSION,
  type ReleaseAsset,
} from './restic-release.ts';
import { isNewEnough, versionOf } from './restic-version.ts';

export interface ResticWanted {
  /** A program that the settings name. When it will not do, nothing else is taken in its place. */
  readonly setting: string | null;
  /** Ours: what is fetched or built stays there. */
  readonly folder: string;
  /** PATH: where else to look for restic, and for Go. */
  readonly searchPath: string;
  readonly downloadUrl?: string | null;
  readonly assets?: Readonly<Record<string, ReleaseAsset>>;
  readonly onProgress?: (progress: ResticProgress) => void;
}

export type ResticProgress =
  | { readonly doing: 'fetch'; readonly bytesDone: number; readonly bytesTotal: number | null }
  | { readonly doing: 'build' };

export interface Restic {
  readonly path: string;
  readonly version: string;
  readonly from: 'setting' | 'tools' | 'path' | 'release' | 'go';
}

/** Finds a restic that will do, else brings the one that Dumont is made for. */
export async function resolveRestic(wanted: ResticWanted, signal: AbortSignal): Promise<Restic> {
  const { setting, folder, searchPath } = wanted;
  if (setting !== null) return await named(setting, signal);

  const own = join(folder, `restic-${RESTIC_VERSION}`);
  if ((await versionOf(own, signal)) === RESTIC_VERSION) return { path: own, version: RESTIC_VERSION, from: 'tools' };

  const reasons: string[] = [];
  for (const path of await programs('restic', searchPath)) {
    const version = await versionOf(path, signal);
    if (version !== null && isNewEnough(version)) return { path, version, from: 'path' };
    reasons.push(version === null ? `${path} does not run` : `${path} is ${version}, which is too old`);
  }
  const from = await bring(own, wanted, reasons, signal);
  return { path: own, version: RESTIC_VERSION, from };
}

async function named(path: string, signal: AbortSignal): Promise<Restic> {
  const version = await versionOf(path, signal);
  if (version !== null && isNewEnough(version)) return { path, version, from: 'setting' };
  throw new Failure('restic_missing', {
    wanted: RESTIC_MINIMUM,
    why: `${path}, which the settings name, ${version === null ? 'does not run as restic' : `is ${version}`}`,
    mend: 'Name a newer one, or none: then Dumont brings its own.',
  });
}

/** Every program of that name, in the order in which a shell would look. */
async function programs(name: string, searchPath: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of searchPath.split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    if (await runs(path)) found.push(path);
  }
  return found;
}

async function runs(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** It gets its name only when it is whole and has said its version, so another process that does the same does no harm. */
async function bring(
  own: string,
  wanted: ResticWanted,
  reasons: string[],
  signal: AbortSignal,
): Promise<'release' | 'go'> {
  await mkdir(wanted.folder, { recursive: true });
  const scratch = await mkdtemp(join(wanted.folder, 'coming-'));
  try {
    const draft = join(scratch, 'restic');
    for (const way of [release, go]) {
      const from = await way(draft, scratch, wanted, reasons, signal);
      if (from === null) continue;
      const version = await versionOf(draft, signal);
      if (version === RESTIC_VERSION) {
        await rename(draft, own);
        return from;
      }
      reasons.push(`what came from ${from} does not run here as restic ${RESTIC_VERSION}`);
    }
  } catch (cause) {
    throw diskFailure(cause, wanted.folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  throw new Failure('restic_missing', {
    wanted: RESTIC_MINIMUM,
    why: reasons.join('; '),
    mend: `Install restic ${RESTIC_VERSION} (https://restic.readthedocs.io/en/stable/020_installation.html), or Go to build it with, or name one in DUMONT_RESTIC.`,
  });
}

type Way = (
  draft: string,
  scratch: string,
  wanted: ResticWanted,
  reasons: string[],
  signal: AbortSignal,
) => Promise<'release' | 'go' | null>;

const release: Way = async (draft, _scratch, wanted, reasons, signal) => {
  const platform = `${process.platform}-${process.arch}`;
  const asset = (wanted.assets ?? RESTIC_ASSETS)[platform];
  if (!asset) {
    reasons.push(`no release for ${platform} is pinned`);
    return null;
  }
  const onBytes = (bytesDone: number, bytesTotal: number | null) =>
    wanted.onProgress?.({ doing: 'fetch', bytesDone, bytesTotal });
  try {
    await fetchRelease(wanted.downloadUrl ?? RESTIC_DOWNLOADS, RESTIC_VERSION, asset, draft, onBytes, signal);
    return 'release';
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    reasons.push(cause.message);
    return null;
  }
};

const go: Way = async (draft, scratch, wanted, reasons, signal) => {
  const [path] = await programs('go', wanted.searchPath);
  if (path === undefined) {
    reasons.push('there is no Go to build it with');
    return null;
  }
  wanted.onProgress?.({ doing: 'build' });
  try {
    await buildRestic(path, scratch, draft, signal);
    return 'go';
  } catch (cause) {
    signal.throwIfAborted();
    reasons.push(reasonOf(cause));
    return null;
  }
};
