import { Worker } from 'node:worker_threads';

const DRAWN_WITHIN_MS = 10_000;

interface Drawing {
  readonly worker: Worker;
  readonly waiting: Map<number, PromiseWithResolvers<Uint8Array>>;
}

let drawing: Drawing | null = null;
let last = 0;

/** Drawn in one thread besides: nobody who waits for an answer waits for a picture. It keeps nothing from ending. */
export async function toPng(svg: string): Promise<Uint8Array> {
  const { worker, waiting } = begun();
  last += 1;
  const id = last;
  const drawn = Promise.withResolvers<Uint8Array>();
  waiting.set(id, drawn);
  const late = setTimeout(() => end(new Error('a picture was not drawn in time')), DRAWN_WITHIN_MS);
  try {
    worker.postMessage({ id, svg });
    return await drawn.promise;
  } finally {
    clearTimeout(late);
    waiting.delete(id);
  }
}

function begun(): Drawing {
  if (drawing) return drawing;
  const worker = new Worker(new URL('./png-worker.ts', import.meta.url));
  const own: Drawing = { worker, waiting: new Map() };
  worker.on('message', ({ id, bytes, why }: { id: number; bytes: Uint8Array | null; why: string }) => {
    if (bytes) own.waiting.get(id)?.resolve(bytes);
    else own.waiting.get(id)?.reject(new Error(why));
  });
  worker.on('error', end);
  worker.on('exit', () => end(new Error('the thread that draws ended')));
  worker.unref(); // after its listeners, which hold it
  drawing = own;
  return own;
}

/** The next picture begins another thread. */
function end(why: unknown): void {
  const before = drawing;
  drawing = null;
  for (const { reject } of before?.waiting.values() ?? []) reject(why);
  void before?.worker.terminate();
}
