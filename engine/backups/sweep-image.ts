import { otherVersion, readHead } from '../domain/image-head.ts';
import { imagePrefix } from '../domain/layout.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/**
 * Removes what the wake image does not use any more, and all of it where none is wanted: then its manifest first, so that it
 * never lists what is gone. What is young may belong to one that is being written.
 */
export async function sweepImage(
  { id, spec }: Workspace,
  objects: readonly StoredObject[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const prefix = imagePrefix(id);
  const manifest = `${prefix}${MANIFEST}`;
  const isOld = ({ key, writtenAt }: StoredObject): boolean =>
    key.startsWith(prefix) && key !== manifest && writtenAt < ports.clock.now() - YOUNG_MS;
  let removed = 0;
  const remove = async (key: string): Promise<void> => {
    await ports.storage.remove(key, signal);
    removed += 1;
  };
  if (!spec.wakeImage && objects.some(({ key }) => key === manifest)) await remove(manifest);
  const listed = objects.filter(isOld);
  let orphans = await unused(listed, manifest, ports, signal);
  while (orphans.length > 0) {
    // Another image may have been written since, and another may be while these are removed.
    orphans = await unused((await ports.storage.list(prefix, signal)).filter(isOld), manifest, ports, signal);
    for (const { key } of orphans.splice(0, AT_ONCE)) await remove(key);
  }
  if (removed > 0) ports.log('image.swept', { workspace: id, objects: removed });
}

async function unused(
  segments: readonly StoredObject[],
  manifest: string,
  { storage }: Ports,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  if (segments.length === 0) return [];
  const stored = await storage.get(manifest, signal);
  if (stored && otherVersion(stored) !== null) return []; // whoever wrote it knows what is in use
  const used = new Set(((stored && readHead(stored)?.segments) ?? []).map(([name]) => name));
  return segments.filter(({ key }) => !used.has(key.slice(key.lastIndexOf('/') + 1)));
}

const MANIFEST = 'manifest';
const AT_ONCE = 100;
/** Longer than any save. */
const YOUNG_MS = 6 * 3_600_000;
