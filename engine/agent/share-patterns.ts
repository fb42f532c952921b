import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import { patternFor, patternsFor } from '../restic/exclude-patterns.ts';
import type { Share } from './fetch-share.ts';

/**
 * How restic is told what of a directory to bring, in few patterns; none: everything. `left`: only these, which may be folders
 * of other parts; null is all of the share.
 */
export function sharePatterns(
  share: Share,
  left: readonly ManifestLine[] | null,
): { readonly exclude: boolean; readonly patterns: readonly string[] } {
  const few = left && ofFew(share, left);
  if (few) return { exclude: false, patterns: few };
  const patterns = share.part === 'critical' ? null : whatIs(share);
  return patterns ? { exclude: false, patterns } : { exclude: true, patterns: whatIsNot(share) };
}

/**
 * Of what is left to bring; null where that takes too many, and restic had better look at everything. A folder alone, without
 * what is in it, goes first: what follows may name something in it.
 */
function ofFew(share: Share, left: readonly ManifestLine[]): readonly string[] | null {
  const wanted = new Set(left);
  if (share.lines.every((line) => wanted.has(line))) return null;
  const others = [...share.lines, ...share.others].filter((line) => !wanted.has(line));
  const { leaves, alone, folders } = sorted(left, others);
  const patterns = [
    ...belowRoot(share, alone).flatMap((folder) => [patternFor(`/${folder}`), `!${patternFor(`/${folder}/`)}*`]),
    ...patternsFor(belowRoot(share, leaves), belowRoot(share, [...folders, ...others]), ''),
  ];
  return patterns.length === 0 || patterns.length > PATTERNS_MAX ? null : patterns;
}

const belowRoot = ({ root }: Share, lines: readonly ManifestLine[]): readonly string[] =>
  lines.map((line) => rawPath(line.path).slice(root.length + 1));

const whatIsNot = (share: Share): readonly string[] =>
  patternsFor(belowRoot(share, share.others), belowRoot(share, share.lines), '');

/**
 * A pattern that names a directory brings everything in it, so only empty ones are named: the others come with a file. Null
 * where one would not, since none of its files is meant.
 */
function whatIs(share: Share): readonly string[] | null {
  if (share.others.length === 0) return [];
  const { leaves, alone, folders } = sorted(share.lines, share.others);
  if (alone.length > 0) return null;
  return patternsFor(belowRoot(share, leaves), belowRoot(share, [...folders, ...share.others]), '');
}

/** `alone`: the folders with nothing in them that is meant. */
function sorted(lines: readonly ManifestLine[], others: readonly ManifestLine[]) {
  const parents = parentsOf([...lines, ...others]);
  const isLeaf = (line: ManifestLine): boolean => !parents.has(rawPath(line.path));
  const [leaves, folders] = [lines.filter(isLeaf), lines.filter((line) => !isLeaf(line))];
  const come = waysTo(leaves);
  return { leaves, folders, alone: folders.filter(({ path }) => !come.has(rawPath(path))) };
}

/** Raw paths of directories with something in them. */
export function parentsOf(lines: readonly ManifestLine[]): ReadonlySet<string> {
  return new Set(lines.map(({ path }) => folderOf(rawPath(path))));
}

/** Raw paths of all directories on the way to these. */
export function waysTo(lines: readonly ManifestLine[]): ReadonlySet<string> {
  const above = new Set<string>();
  for (const { path } of lines)
    for (let at = folderOf(rawPath(path)); at !== '' && !above.has(at); at = folderOf(at)) above.add(at);
  return above;
}

const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

/** restic compares every file with every pattern. */
export const PATTERNS_MAX = 500;
