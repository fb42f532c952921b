import type { ManifestLine } from '../domain/agent-protocol.ts';
import { printedPath, wirePath } from '../domain/wire-path.ts';
import type { ListedNode } from '../restic/readings.ts';
import { manifestLine } from './manifest.ts';
import type { Entry } from './walk.ts';

/**
 * The manifest of a snapshot that was taken while people worked: one line for each thing that restic lists, whatever it
 * caught. A file that moved meanwhile has no hash, since nobody can say what of it was read.
 */
export function liveManifest(
  nodes: readonly ListedNode[],
  entries: readonly Entry[],
  moved: ReadonlySet<string>,
  sha256: ReadonlyMap<string, string>,
): readonly ManifestLine[] {
  const seen = byPrintedPath(entries);
  const lines = nodes.map((node) => {
    const entry = takeEntry(seen, node);
    const steady = entry !== null && !moved.has(entry.path) && isAsListed(entry, node);
    const line = steady ? manifestLine(entry, sha256.get(entry.path)) : lineOf(node, entry);
    return { line, order: entry?.path ?? node.path };
  });
  return lines.toSorted((a, b) => (a.order < b.order ? -1 : 1)).map(({ line }) => line);
}

function lineOf({ path, type, mode, mtimeMs, sizeBytes }: ListedNode, entry: Entry | null): ManifestLine {
  const name = entry ? wirePath(entry.path) : path;
  return { path: name, type, mode, mtimeMs: Math.floor(mtimeMs), sizeBytes };
}

function isAsListed(entry: Entry, node: ListedNode): boolean {
  if (entry.type !== node.type) return false;
  if (entry.type === 'link') return true; // restic does not list what it points to
  if (entry.mode !== node.mode) return false;
  if (entry.type === 'dir') return true;
  const sameTime = Math.abs(entry.mtimeMs - node.mtimeMs) < MICROSECOND;
  return sameTime && (entry.type !== 'file' || entry.size === node.sizeBytes);
}

/** restic prints names that are not UTF-8 all alike. */
function byPrintedPath(entries: readonly Entry[]): Map<string, Entry[]> {
  const map = new Map<string, Entry[]>();
  for (const entry of entries) {
    const printed = printedPath(wirePath(entry.path));
    const alike = map.get(printed);
    if (alike) alike.push(entry);
    else map.set(printed, [entry]);
  }
  return map;
}

function takeEntry(entries: Map<string, Entry[]>, node: ListedNode): Entry | null {
  const alike = entries.get(node.path) ?? [];
  const index = alike.findIndex((entry) => isAsListed(entry, node));
  return alike.splice(index === -1 ? 0 : index, 1)[0] ?? null;
}

const MICROSECOND = 0.001;
