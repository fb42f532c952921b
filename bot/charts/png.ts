import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const DRAWN_WITHIN_MS = 10_000;

/** Drawn in a thread of its own, which ends with it: nobody who waits for an answer waits for a picture. */
export async function toPng(svg: string): Promise<Uint8Array> {
  const worker = new Worker(new URL('./png-worker.ts', import.meta.url), { workerData: svg });
  try {
    const [bytes] = await once(worker, 'message', { signal: AbortSignal.timeout(DRAWN_WITHIN_MS) });
    return bytes as Uint8Array;
  } finally {
    await worker.terminate();
  }
}
