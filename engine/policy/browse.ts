import type { ManifestLine } from '../domain/agent-protocol.ts';
import type { FileDifference, FileEntry } from '../domain/doors.ts';

/** What lies right in a directory ('' is the root), by name; a file lists itself; null when there is no such thing. */
export function entriesIn(lines: readonly ManifestLine[], folder: string): readonly FileEntry[] | null {
  const self = lines.find(({ path }) => path === folder);
  if (self && self.type !== 'dir') return [entryOf(self.path.split('/').at(-1) ?? '', self)];
  if (folder !== '' && !self) return null;
  const before = folder === '' ? '' : `${folder}/`;
  const entries = new Map<string, FileEntry>();
  for (const line of lines) {
    if (!line.path.startsWith(before) || line.path === folder) continue;
    const [name = '', ...deeper] = line.path.slice(before.length).split('/');
    const known = entries.get(name);
    if (deeper.length === 0) entries.set(name, { ...entryOf(name, line), ...(known && sums(known)) });
    else {
      const { sizeBytes, files } = known ?? NOTHING;
      const counted = line.type === 'file' ? 1 : 0;
      const held = known ?? { ...entryOf(name, line), ...IMPLIED };
      entries.set(name, { ...held, sizeBytes: sizeBytes + line.sizeBytes, files: files + counted });
    }
  }
  return [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A directory that has no line of its own, or none yet. */
const IMPLIED = { type: 'dir', sha256: null, mode: null, target: null } as const;
const NOTHING = { sizeBytes: 0, files: 0 };
const sums = ({ sizeBytes, files }: FileEntry): Pick<FileEntry, 'sizeBytes' | 'files'> => ({ sizeBytes, files });

const entryOf = (name: string, { type, mtimeMs, sizeBytes, sha256, mode, target }: ManifestLine): FileEntry => ({
  name,
  type,
  mtimeMs,
  sizeBytes,
  files: type === 'file' ? 1 : 0,
  sha256: sha256 ?? null,
  mode,
  target: target ?? null,
});

/** All that lies below a directory, by its path from there, which of a file itself is ''; null when there is no such thing. */
export function allBelow(lines: readonly ManifestLine[], folder: string): readonly FileEntry[] | null {
  const self = lines.find(({ path }) => path === folder);
  if (self && self.type !== 'dir') return [entryOf('', self)];
  if (folder !== '' && !self) return null;
  const before = folder === '' ? '' : `${folder}/`;
  const below = lines.filter(({ path }) => path.startsWith(before));
  return below
    .map((line) => entryOf(line.path.slice(before.length), line))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** How one state became another, by path. Directories and times alone are no difference. */
export function differences(
  before: readonly ManifestLine[],
  after: readonly ManifestLine[],
): readonly FileDifference[] {
  const old = new Map(before.filter(({ type }) => type !== 'dir').map((line) => [line.path, line]));
  const found: FileDifference[] = [];
  for (const line of after) {
    if (line.type === 'dir') continue;
    const was = old.get(line.path);
    old.delete(line.path);
    if (was && same(was, line)) continue;
    const sizes = { bytesBefore: was?.sizeBytes ?? 0, bytesAfter: line.sizeBytes };
    found.push({ path: line.path, change: was ? 'changed' : 'added', ...sizes });
  }
  for (const [path, { sizeBytes }] of old)
    found.push({ path, change: 'removed', bytesBefore: sizeBytes, bytesAfter: 0 });
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file that was being written while it was saved has no hash: then size and time must do. */
function same(one: ManifestLine, other: ManifestLine): boolean {
  if (one.type !== other.type || one.mode !== other.mode || one.target !== other.target) return false;
  if (one.sha256 !== undefined && other.sha256 !== undefined) return one.sha256 === other.sha256;
  return one.sizeBytes === other.sizeBytes && one.mtimeMs === other.mtimeMs;
}
