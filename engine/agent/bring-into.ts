import { lstatSync, readlinkSync, rmSync, statSync } from 'node:fs';
import type { BringBackOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { rawPath, wirePath } from '../domain/wire-path.ts';
import { stagingOf, type Verified } from './fetch-share.ts';
import { type Hashers, hashFiles } from './hash-files.ts';
import { statIfAny, statOf } from './look-at.ts';
import { checkedPath, type Place } from './place.ts';
import type { Placing } from './place-share.ts';

type Where = Pick<BringBackOrder, 'into' | 'path'>;

/** What was asked for keeps its own name, and loses the directories above it. */
export function targetOf(raw: string, { into, path }: Where): string {
  if (into === null) return raw;
  const above = path === null ? 0 : rawPath(path).lastIndexOf('/') + 1;
  return `${checkedPath(into)}/${raw.slice(above)}`;
}

/** The directory below which the files of a top-level one come. */
export function folderOf(root: string, { into, path }: Where): string {
  if (into === null) return root;
  return path === null || !path.includes('/') ? `${checkedPath(into)}/${root}` : checkedPath(into);
}

/** It need not be there yet, but nothing else may stand in its place, or in that of a directory above it. */
export function mustBeFolder(place: Place, folder: string): void {
  for (let end = folder.indexOf('/'); ; end = folder.indexOf('/', end + 1)) {
    const path = end === -1 ? folder : folder.slice(0, end);
    if (statOf(place, path) === null) return;
    if (!statSync(place.at(path), { throwIfNoEntry: false })?.isDirectory())
      throw new Failure('bad_path', { path: `/${wirePath(path)}`, why: 'it is no directory' });
    if (end === -1) return;
  }
}

/** What lies there as it was saved, though no checkpoint says so, gets no copy beside it. */
export async function dropSame(
  { place, known }: Placing,
  root: string,
  verified: Verified,
  where: Where,
  hashers: Hashers,
  signal: AbortSignal,
): Promise<void> {
  const staged = (raw: string): Buffer => place.at(`${stagingOf(root, 'rest')}${raw.slice(root.length)}`);
  const toHash: { path: string; size: number; raw: string; sha256: string }[] = [];
  for (const [raw, { sha256 }] of verified) {
    const path = targetOf(raw, where);
    const there = statIfAny(place, path);
    if (there === null || known.has(path, there)) continue;
    const stat = lstatSync(staged(raw));
    if (there.mode !== stat.mode) continue;
    if (stat.isSymbolicLink() && readlinkSync(place.at(path)) === readlinkSync(staged(raw))) rmSync(staged(raw));
    if (stat.isFile() && there.size === stat.size && sha256 !== undefined)
      toHash.push({ path, size: stat.size, raw, sha256 });
  }
  await hashFiles(
    place,
    toHash,
    (index, hashed) => {
      const { raw, sha256 } = toHash[index]!;
      if ('sha256' in hashed && hashed.sha256 === sha256) rmSync(staged(raw));
    },
    signal,
    hashers,
  );
}
