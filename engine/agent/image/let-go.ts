/**
 * Gives the memory of a large buffer back at once; nobody may look at it any more. Left to the collector of garbage, tens of
 * megabytes pile up between two of its rounds, each round costs time, and all that memory comes fresh from the system, which
 * clears it first.
 */
export function letGo(bytes: Uint8Array): void {
  // Small ones share their memory with others.
  if (bytes.length >= LARGE_BYTES && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

const LARGE_BYTES = 1024 * 1024;
