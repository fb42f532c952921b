import { chmodSync, lutimesSync, mkdirSync, rmdirSync, symlinkSync, utimesSync } from 'node:fs';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath, wirePath } from '../domain/wire-path.ts';
import { DEFAULT_ROOTS } from '../domain/workspace.ts';
import type { Job } from './bring-part.ts';
import { codeOf } from './durable.ts';
import { statOf } from './look-at.ts';
import type { Place } from './place.ts';
import { secondsOfMs } from './times.ts';

/** The backed-up directories themselves. A machine of a new workspace has them too. */
export function makeRoots(place: Place, lines: readonly ManifestLine[]): void {
  const links = lines.filter((line) => line.type === 'link' && !line.path.includes('/'));
  const folders = lines.filter((line) => line.type === 'dir' && !line.path.includes('/'));
  for (const link of links) makeLink(place, link);
  const linked = new Set(links.map((link) => rawPath(link.path)));
  for (const root of [...DEFAULT_ROOTS, ...folders.map((line) => rawPath(line.path))])
    if (!linked.has(root)) mkdirSync(place.at(root), { recursive: true });
}

/** A root that was a link becomes one again, unless this machine has something there already. */
function makeLink(place: Place, line: ManifestLine): void {
  const path = rawPath(line.path);
  const target = rawPath(line.target ?? '');
  const there = statOf(place, path);
  if (there?.isSymbolicLink() || target === '') return;
  try {
    if (there?.isDirectory()) rmdirSync(place.at(path)); // only an empty one goes
    symlinkSync(Buffer.from(target, 'latin1'), place.at(path));
    lutimesSync(place.at(path), secondsOfMs(line.mtimeMs), secondsOfMs(line.mtimeMs));
  } catch (cause) {
    if (codeOf(cause) !== 'ENOTEMPTY' && codeOf(cause) !== 'EEXIST' && codeOf(cause) !== 'EBUSY') throw cause;
  }
}

/** Mode and time of the roots, last, since everything before changed them. */
export function settleRoots({ place, lines, roots, known }: Job): void {
  for (const { root } of roots) {
    const line = lines.find((one) => one.path === wirePath(root));
    const there = statOf(place, root);
    if (!line || !there?.isDirectory()) continue;
    chmodSync(place.at(root), line.mode);
    utimesSync(place.at(root), secondsOfMs(line.mtimeMs), secondsOfMs(line.mtimeMs));
    known.add(root, statOf(place, root) ?? there);
  }
}
