import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import type { Bucket } from './bucket.ts';
import { writeAll, writePieces } from './durable.ts';
import { tailOf } from './object-file.ts';

/**
 * Writes data and then its facts to a draft, hands it to `use`, which gives it its name, and removes it when anything goes
 * wrong. The facts are asked for when the data has ended. The draft is on disk before `use` begins.
 */
export async function withDraft<F extends object, T>(
  bucket: Bucket,
  pieces: AsyncIterable<Buffer>,
  factsOf: () => F | Promise<F>,
  use: (draft: string, facts: F) => Promise<T>,
): Promise<T> {
  const draft = bucket.draft();
  try {
    let facts: F | undefined;
    const file = await open(draft, 'wx', 0o600);
    try {
      await writePieces(
        file,
        (async function* () {
          yield* pieces;
          facts = await factsOf();
          yield tailOf(facts);
        })(),
      );
      await file.datasync();
    } finally {
      await file.close();
    }
    return await use(draft, facts as F);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw thrown;
  }
}

/** The same from a whole other object. The kernel copies it, and shares its blocks where the file system can. */
export async function withCopy<F extends object, T>(
  bucket: Bucket,
  source: string,
  dataBytes: number,
  facts: F,
  use: (draft: string, facts: F) => Promise<T>,
): Promise<T> {
  const draft = bucket.draft();
  try {
    await copyFile(source, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const file = await open(draft, 'a');
    try {
      await file.truncate(dataBytes);
      const tail = tailOf(facts);
      await writeAll(file, [tail], tail.length);
      await file.datasync();
    } finally {
      await file.close();
    }
    return await use(draft, facts);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw thrown;
  }
}

/** The bytes of a file from here to there, in pieces. */
export async function* piecesOf(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  const end = start + length;
  for (let at = start; at < end; ) {
    const wanted = Math.min(PIECE_BYTES, end - at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
    if (bytesRead === 0) throw new Error('a stored file is shorter than it was');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const PIECE_BYTES = 256 * 1024;
