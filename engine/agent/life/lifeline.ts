import { Socket } from 'node:net';

/** The pipe to the shell that starts us again when we are killed. */
export interface Lifeline {
  /** What the next one is to be told. Left out while the shell has not read what was said before. */
  tell(will: object): void;
  /** We end because we are told to: no next one is started. */
  release(): Promise<void>;
}

export function openLifeline(kept: boolean): Lifeline {
  if (!kept) return { tell: () => undefined, release: () => Promise.resolve() };
  const pipe = new Socket({ fd: LINE_FD, readable: false });
  pipe.on('error', () => undefined); // the shell was killed, and we live on without it
  pipe.unref();
  return {
    tell(will) {
      if (pipe.writable && pipe.writableLength === 0) pipe.write(`${JSON.stringify(will)}\n`);
    },
    async release() {
      if (!pipe.writable) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const late = setTimeout(resolve, PATIENCE_MS);
      pipe.end('done\n', resolve);
      await promise;
      clearTimeout(late);
    },
  };
}

/** As the shell opens it. */
const LINE_FD = 3;
const PATIENCE_MS = 1_000;
