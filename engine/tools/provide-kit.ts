import { readFile } from 'node:fs/promises';
import type { Kit, Storage } from '../domain/ports.ts';
import { makeKit } from './make-kit.ts';
import { type ResticWanted, resolveRestic } from './resolve-restic.ts';

type Say = (line: string) => void;

/** restic's path, found or fetched once; a failure is tried again by the next who asks. */
export function resticFor(wanted: ResticWanted, say: Say, signal: AbortSignal): () => Promise<string> {
  return once(async () => {
    let said = '';
    const found = await resolveRestic(
      {
        ...wanted,
        onProgress: (progress) => {
          const line =
            progress.doing === 'build'
              ? 'Its release does not come: building restic with Go, once, which takes a minute.'
              : 'Fetching restic, once.';
          if (line !== said) say(line);
          said = line;
        },
      },
      signal,
    );
    return found.path;
  });
}

/** The programs machines fetch: packed, and put into storage where no machine can write. */
export function provideKit(
  folder: string,
  restic: () => Promise<string>,
  storage: Storage,
  say: Say,
  signal: AbortSignal,
): () => Promise<Kit> {
  return once(async () => {
    const kit = await makeKit({ folder, restic: await restic() }, signal);
    const there = new Map((await storage.list('kit/', signal)).map(({ key, sizeBytes }) => [key, sizeBytes]));
    for (const tool of kit.tools) {
      if (there.get(tool.key) === tool.sizeBytes) continue;
      say(`Putting ${tool.name} where machines fetch it (${Math.ceil(tool.sizeBytes / 1e6)} MB).`);
      await storage.put(tool.key, await readFile(tool.file), signal);
    }
    return kit;
  });
}

/** Done once, together for all who ask; not remembered when it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let doing: Promise<T> | null = null;
  return () => {
    doing ??= work().catch((cause: unknown) => {
      doing = null;
      throw cause;
    });
    return doing;
  };
}
