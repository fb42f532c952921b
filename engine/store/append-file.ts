import { open } from 'node:fs/promises';
import { diskFailure } from '../domain/failures.ts';
import { PRIVATE_FILE } from './durable.ts';

export interface AppendFile extends AsyncDisposable {
  readonly sizeBytes: number;
  /** Returns when the text is on disk. When it rejects, none of it is left in the file. */
  append(text: string): Promise<void>;
}

/**
 * A file that only grows, one durable write at a time. `wholeBytes` is how much of it is whole: what lies behind that is
 * the torn end of a write that a crash interrupted, and is cut off before the next one.
 */
export async function openAppendFile(path: string, wholeBytes: number): Promise<AppendFile> {
  const handle = await open(path, 'a', PRIVATE_FILE);
  let sizeBytes = wholeBytes;
  let torn = (await handle.stat()).size !== wholeBytes;

  async function mend(): Promise<void> {
    if (!torn) return;
    await handle.truncate(sizeBytes);
    await handle.datasync();
    torn = false;
  }

  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async append(text) {
      const bytes = Buffer.from(text);
      try {
        await mend();
        torn = true;
        await handle.appendFile(bytes);
        await handle.datasync();
        sizeBytes += bytes.length;
        torn = false;
      } catch (cause) {
        await mend().catch(() => undefined); // the next append tries again, and writes nothing before it worked
        throw diskFailure(cause, path);
      }
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
    },
  };
}
