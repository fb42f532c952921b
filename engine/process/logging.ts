import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Level, matters } from '../domain/log.ts';
import type { Log } from '../domain/ports.ts';

/** One JSON line per event, into a file a day (UTC); what a person should not miss also goes to standard error. */
export function openLog(folder: string, least: Level, now: () => number): { readonly log: Log } & AsyncDisposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let day = '';
  let stream: ReturnType<typeof createWriteStream> | null = null;
  return {
    log(event, facts = {}, level = 'INFO') {
      if (!matters(level, least)) return;
      const at = new Date(now()).toISOString();
      if (!at.startsWith(day) || stream === null) {
        stream?.end();
        day = at.slice(0, 10);
        const file = createWriteStream(join(folder, `engine-${day}.log`), { flags: 'a', mode: 0o600 });
        // A full disk must not end the engine; the store says so itself. The next line tries again.
        file.on('error', () => {
          if (stream === file) stream = null;
        });
        stream = file;
      }
      stream.write(`${JSON.stringify({ at, level, event, ...facts })}\n`);
      if (level === 'WARNING' || level === 'ERROR')
        process.stderr.write(`${level.toLowerCase()}: ${event} ${JSON.stringify(facts)}\n`);
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => (stream ? stream.end(resolve) : resolve()));
    },
  };
}
