import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import * as z from 'zod';
import { diskFailure } from '../domain/failures.ts';

/** How a file looked when it was read. One that still looks like that has not changed. */
const Look = z.object({ path: z.string(), sizeBytes: z.number(), mtimeMs: z.number(), inode: z.number() });
type Look = z.infer<typeof Look>;

/** What was packed, and from which files. */
const Label = z.object({
  source: z.string(),
  inputs: z.array(Look).min(1),
  sha256: z.string(),
  sizeBytes: z.number(),
});

export interface Packed {
  readonly sha256: string;
  readonly file: string;
  readonly sizeBytes: number;
}

/** The packed program made from this source, when neither it nor any file that went into it has changed since. */
export async function packedBefore(folder: string, name: string, source: string): Promise<Packed | null> {
  try {
    const label = Label.parse(JSON.parse(await readFile(labelPath(folder, name), 'utf8')));
    if (label.source !== source) return null;
    const looks = await Promise.all(label.inputs.map(async ({ path }) => await lookAt(path)));
    if (!looks.every((look, index) => same(look, label.inputs[index]))) return null;
    const file = filePath(folder, name, label.sha256);
    if ((await stat(file)).size !== label.sizeBytes) return null;
    return { sha256: label.sha256, file, sizeBytes: label.sizeBytes };
  } catch {
    return null; // nothing there, or nothing that can be read: it is made again
  }
}

/**
 * Packs what `bytes` brings under the name of its own hash, and remembers what it was made from. Packing happens on other
 * threads, piece by piece. Files get their names when they are whole, so two that do the same do no harm.
 */
export async function pack(
  folder: string,
  name: string,
  source: string,
  inputs: readonly string[],
  bytes: Readable,
  signal: AbortSignal,
): Promise<Packed> {
  const looks = await Promise.all(inputs.map(lookAt)); // before reading: a change in between is seen the next time
  const draft = join(folder, `coming-${randomUUID()}`);
  const hash = createHash('sha256');
  try {
    await pipeline(
      bytes,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          hash.update(piece);
          yield piece;
        }
      },
      createGzip({ level: GZIP_LEVEL }),
      (await open(draft, 'wx')).createWriteStream({ flush: true }),
      { signal },
    );
    const sha256 = hash.digest('hex');
    const file = filePath(folder, name, sha256);
    const { size: sizeBytes } = await stat(draft);
    await rename(draft, file);
    await writeFile(
      draft,
      JSON.stringify({ source, inputs: looks, sha256, sizeBytes } satisfies z.infer<typeof Label>),
    );
    await rename(draft, labelPath(folder, name));
    return { sha256, file, sizeBytes };
  } catch (cause) {
    throw diskFailure(cause, folder);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Level 9 would take off nothing worth having, in three times as long. */
const GZIP_LEVEL = 6;

const labelPath = (folder: string, name: string): string => join(folder, `${name}.json`);
const filePath = (folder: string, name: string, sha256: string): string => join(folder, `${name}-${sha256}.gz`);

async function lookAt(path: string): Promise<Look> {
  const { size, mtimeMs, ino } = await stat(path);
  return { path, sizeBytes: size, mtimeMs, inode: ino };
}

function same(now: Look, then: Look | undefined): boolean {
  return now.sizeBytes === then?.sizeBytes && now.mtimeMs === then.mtimeMs && now.inode === then.inode;
}
