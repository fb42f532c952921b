import { metadataKey, pinnedKey } from '../domain/layout.ts';
import { decisionText, metadataText } from '../domain/metadata.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** Beside the data, before the row: what storage does not know yet, nobody does. */
export async function writeMetadata(
  snapshot: Snapshot,
  ports: Pick<Ports, 'storage'>,
  signal: AbortSignal,
): Promise<void> {
  await ports.storage.put(metadataKey(snapshot.workspace, snapshot.id), Buffer.from(metadataText(snapshot)), signal);
}

/** After its row was pinned, or is so no more. A vault takes what is new, and nothing in the place of what it has. */
export async function writePin(snapshot: Snapshot, ports: Pick<Ports, 'storage'>, signal: AbortSignal): Promise<void> {
  await writeMetadata(snapshot, ports, signal);
  const key = pinnedKey(snapshot.workspace, snapshot.id);
  if (snapshot.pinned === null) await ports.storage.remove(key, signal);
  else await ports.storage.put(key, Buffer.from(decisionText(snapshot.pinned)), signal);
}
