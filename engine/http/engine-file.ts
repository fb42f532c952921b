import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Notes where the engine answers, for the command line; taken away again when it ends, unless a later engine wrote its own. */
export async function noteEngine(file: string, url: string): Promise<AsyncDisposable> {
  const note = `${JSON.stringify({ url, pid: process.pid })}\n`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, note);
  await rename(draft, file);
  return {
    async [Symbol.asyncDispose]() {
      const now = await readFile(file, 'utf8').catch(() => null);
      if (now === note) await rm(file, { force: true });
    },
  };
}
