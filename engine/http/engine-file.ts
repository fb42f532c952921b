import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../files/whole-file.ts';

/** Notes where the engine answers, for the command line; taken away again when it ends, unless a later engine wrote its own. */
export async function noteEngine(file: string, url: string): Promise<AsyncDisposable> {
  const note = `${JSON.stringify({ url, pid: process.pid })}\n`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, note);
  return {
    async [Symbol.asyncDispose]() {
      const now = await readFile(file, 'utf8').catch(() => null);
      if (now === note) await rm(file, { force: true });
    },
  };
}
