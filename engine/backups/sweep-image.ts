import { readHead } from '../domain/image-head.ts';
import { imagePrefix } from '../domain/layout.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/**
 * Removes what the wake image does not use any more, and all of it where none is wanted. What is young may belong to one that
 * is being written.
 */
export async function sweepImage(
  { id, spec }: Workspace,
  objects: readonly StoredObject[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const prefix = imagePrefix(id);
  const before = ports.clock.now() - YOUNG_MS;
  const there = objects.filter(({ key, writtenAt }) => key.startsWith(prefix) && writtenAt < before);
  if (there.length === 0) return;
  const used = spec.wakeImage ? await keysInUse(prefix, ports, signal) : new Set<string>();
  const orphans = there.filter(({ key }) => !used.has(key));
  for (const { key } of orphans) await ports.storage.remove(key, signal);
  if (orphans.length > 0) ports.log('image.swept', { workspace: id, objects: orphans.length });
}

async function keysInUse(prefix: string, { storage }: Ports, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const manifest = `${prefix}manifest`;
  const stored = await storage.get(manifest, signal);
  const segments = (stored && readHead(stored)?.segments) ?? [];
  return new Set([manifest, ...segments.map(([name]) => `${prefix}segments/${name}`)]);
}

/** Longer than any save. */
const YOUNG_MS = 6 * 3_600_000;
