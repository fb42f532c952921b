import type { Entry } from './list-files.ts';

export interface Comparison {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  /** One sentence for each path that is not what it was. */
  readonly differing: readonly string[];
}

/** What was, against what is: every path, its kind, bytes, mode and time to the nanosecond. */
export function compareFiles(before: readonly Entry[], after: readonly Entry[]): Comparison {
  const now = new Map(after.map((entry) => [entry.path, entry]));
  const then = new Set(before.map(({ path }) => path));
  const count = (kind: Entry['kind']) => before.filter((entry) => entry.kind === kind).length;
  return {
    files: count('file'),
    folders: count('folder'),
    links: count('link'),
    bytes: before.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    differing: [
      ...before.flatMap((entry) => differences(entry, now.get(entry.path))),
      ...after.filter(({ path }) => !then.has(path)).map(({ path }) => `${path} was not there before`),
    ],
  };
}

function differences(was: Entry, is: Entry | undefined): string[] {
  const { path } = was;
  if (!is) return [`${path} is missing`];
  if (was.kind !== is.kind) return [`${path} was a ${was.kind} and is a ${is.kind}`];
  // A link's own mode means nothing, and differs from system to system.
  const modes = was.kind !== 'link' && was.mode !== is.mode ? [`mode ${was.mode} became ${is.mode}`] : [];
  const holds = was.holds !== is.holds ? [was.kind === 'link' ? `points to ${is.holds} now` : 'other bytes'] : [];
  const times = was.mtimeNs !== is.mtimeNs ? [`time ${was.mtimeNs} became ${is.mtimeNs}`] : [];
  const all = [...holds, ...modes, ...times];
  return all.length === 0 ? [] : [`${path}: ${all.join(', ')}`];
}
