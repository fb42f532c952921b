import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';

/**
 * Where a machine's files lie, and ours on it. On a rented machine the root is `/`; a machine without a file system of its
 * own is a folder.
 */
export interface Place {
  readonly root: string;
  /** `opt/dumont` below the root: programs, caches, and what must survive the agent being killed. */
  readonly home: string;
  readonly restic: string;
  /** Only descendants of this process belong to the machine; null where the machine has processes of its own. */
  readonly within: number | null;
  /** What to call on the file system for a raw path below the root. */
  at(raw: string): Buffer;
}

export function placeAt(root: string, home: string, restic: string, within: number | null): Place {
  const before = rawPath(root.endsWith('/') ? root : `${root}/`);
  for (const folder of FOLDERS) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
  return { root, home, restic, within, at: (raw) => Buffer.from(before + raw, 'latin1') };
}

const FOLDERS = ['cache', 'tmp', 'jobs', 'restore'];

/** Restored files wait here, beside where they go, until their hashes were compared. Never part of a backup. */
export const STAGING = '.dumont-restore';

/** A path from an order or a manifest must stay below the machine's root. */
export function checkedPath(wire: string): string {
  const raw = rawPath(wire);
  if (LEADS_AWAY.test(raw))
    throw new Failure('bad_path', { path: wire, why: 'it must be relative to the root of the machine, without ".."' });
  return raw;
}

/** A part that is empty, `.` or `..`, or the end of the system's own texts. */
const LEADS_AWAY = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;
