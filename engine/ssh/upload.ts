import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import type { SFTPWrapper } from 'ssh2';
import { Failure } from '../domain/failures.ts';
import type { Upload } from '../domain/ports.ts';
import type { Connection } from './connection.ts';

/** Each file appears under its name only when it is whole and has its mode; an older one of that name is replaced. */
export async function uploadFiles(
  connection: Connection,
  files: readonly Upload[],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  connection.lost.throwIfAborted();
  const givenUp = AbortSignal.any([signal, connection.lost]);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(givenUp.reason);
  givenUp.addEventListener('abort', giveUp, { once: true });
  const work = uploadAll(connection, files, givenUp);
  try {
    await Promise.race([work, stopped]);
  } catch (cause) {
    connection.tidy(work); // it removes the half of a file that it wrote
    throw givenUp.aborted ? givenUp.reason : cause;
  } finally {
    givenUp.removeEventListener('abort', giveUp);
  }
}

async function uploadAll(connection: Connection, files: readonly Upload[], signal: AbortSignal): Promise<void> {
  const sftp = await openSftp(connection);
  try {
    for (const file of files) {
      await uploadFile(sftp, file, signal).catch((cause) => Promise.reject(refusal(file.path, cause)));
    }
  } finally {
    sftp.end();
  }
}

/** SFTP's own errors carry a number; what is wrong on this side (no such file to send) rises as it is. */
function refusal(path: string, cause: Error & { code?: unknown }): Error {
  if (typeof cause.code !== 'number') return cause;
  return new Failure('command_failed', { command: `upload ${path}`, code: cause.code, why: cause.message }, { cause });
}

async function openSftp({ client }: Connection): Promise<SFTPWrapper> {
  return await new Promise((resolve, reject) => {
    client.sftp((cause, sftp) => (cause ? reject(cause) : resolve(sftp)));
  });
}

async function uploadFile(sftp: SFTPWrapper, file: Upload, signal: AbortSignal): Promise<void> {
  const { dir, base } = posix.parse(file.path);
  const draft = posix.join(dir, `.${base}.${randomBytes(6).toString('hex')}`);
  await makeFolder(sftp, dir);
  const handle = await call<Buffer>((done) => sftp.open(draft, 'wx', { mode: 0o600 }, done));
  try {
    try {
      await pour(sftp, handle, file.from, signal);
      await call<void>((done) => sftp.fchmod(handle, file.mode, done));
    } finally {
      await call<void>((done) => sftp.close(handle, done));
    }
    await replace(sftp, draft, file.path);
  } catch (cause) {
    await call<void>((done) => sftp.unlink(draft, done)).catch(() => undefined);
    throw cause;
  }
}

/** Several writes are under way at once, or a link with long delays would carry one small piece per round trip. */
async function pour(sftp: SFTPWrapper, handle: Buffer, from: Upload['from'], signal: AbortSignal): Promise<void> {
  await using source = 'file' in from ? await open(from.file) : null;
  let position = 0;
  const next = async (): Promise<{ readonly chunk: Buffer; readonly at: number }> => {
    const at = position;
    position += CHUNK_BYTES;
    if ('bytes' in from) return { chunk: Buffer.from(from.bytes.subarray(at, at + CHUNK_BYTES)), at };
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await source!.read(chunk, 0, CHUNK_BYTES, at);
    return { chunk: chunk.subarray(0, bytesRead), at };
  };
  const carry = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const { chunk, at } = await next();
      if (chunk.length === 0) return;
      await call<void>((done) => sftp.write(handle, chunk, 0, chunk.length, at, done));
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, carry));
}

const CHUNK_BYTES = 31 * 1024; // what any SFTP server takes in one packet
const WRITES_AT_ONCE = 64;

/** OpenSSH renames over an older file in one step when asked in its own words; others may need it out of the way first. */
async function replace(sftp: SFTPWrapper, draft: string, path: string): Promise<void> {
  try {
    await call<void>((done) => sftp.ext_openssh_rename(draft, path, done));
    return;
  } catch {
    // An SFTP server without that extension; one with it fails below again, with its reason.
  }
  try {
    await call<void>((done) => sftp.rename(draft, path, done));
  } catch {
    await call<void>((done) => sftp.unlink(path, done)).catch(() => undefined);
    await call<void>((done) => sftp.rename(draft, path, done));
  }
}

async function makeFolder(sftp: SFTPWrapper, path: string): Promise<void> {
  if (path === '' || path === '/' || path === '.') return;
  const found = await call((done) => sftp.stat(path, done)).catch(() => null);
  if (found) return;
  await makeFolder(sftp, posix.dirname(path));
  await call<void>((done) => sftp.mkdir(path, done)).catch(async (cause) => {
    await call((done) => sftp.stat(path, done)).catch(() => Promise.reject(cause)); // somebody else made it
  });
}

type Done<T> = (cause: Error | null | undefined, value?: T) => void;

async function call<T>(work: (done: (cause: Error | null | undefined, value: T) => void) => void): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const done: Done<T> = (cause, value) => (cause ? reject(cause) : resolve(value as T));
    work(done);
  });
}
