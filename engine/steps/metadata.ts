import { metadataKey } from '../domain/layout.ts';
import { metadataText } from '../domain/metadata.ts';
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
