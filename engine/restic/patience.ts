import { readFileSync } from 'node:fs';
import { hasRecovered, isRetrying } from './outcome.ts';
import type { ResticLine } from './readings.ts';

/** For how long storage may stay silent. */
export interface Patience extends Disposable {
  hear(line: string, said: ResticLine | null): void;
  readonly ended: () => boolean;
}

/**
 * Storage is silent from the first failed try until bytes move again. A storage that neither answers nor refuses makes restic
 * wait without a word: then hardly a byte moves in or out of it, which the system knows. `pid` is null where that is not asked.
 */
export function watchPatience(ms: number, pid: number | null, stop: () => void): Patience {
  let timer: NodeJS.Timeout | undefined;
  let bytes = 0;
  let over = false;
  const give = (): void => {
    over = true;
    stop();
  };
  const clear = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  let moved = pid === null ? null : movedBy(pid);
  let movedAt = performance.now();
  const look = (): void => {
    const now = pid === null ? null : movedBy(pid);
    if (!now || !moved || now.read - moved.read >= READ_BYTES || now.written - moved.written >= WRITTEN_BYTES) {
      movedAt = performance.now();
      moved = now;
    }
    if (performance.now() - movedAt >= ms && !over) give();
  };
  const watch = moved === null ? undefined : setInterval(look, LOOK_MS);
  return {
    hear(line, said) {
      if (isRetrying(line)) timer ??= setTimeout(give, ms);
      const done = said?.message_type === 'status' ? said.bytes_done + said.bytes_restored : 0;
      if (hasRecovered(line) || done > bytes) clear();
      bytes = Math.max(bytes, done);
    },
    ended: () => over,
    [Symbol.dispose]() {
      clear();
      clearInterval(watch);
    },
  };
}

interface Moved {
  readonly read: number;
  readonly written: number;
}

/** From and to files, pipes and connections alike; null where the system does not tell. */
function movedBy(pid: number): Moved | null {
  try {
    const [read = '', written = ''] = readFileSync(`/proc/${pid}/io`, 'latin1').split('\n');
    return { read: Number(read.split(' ')[1]), written: Number(written.split(' ')[1]) };
  } catch {
    return null;
  }
}

const LOOK_MS = 500;
/** Any answer is longer. */
const READ_BYTES = 200;
/** Asking again, over all connections, is shorter. */
const WRITTEN_BYTES = 64 * 1024;
