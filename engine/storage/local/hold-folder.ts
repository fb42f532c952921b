import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.ts';

const BETWEEN_MS = 50;

/**
 * Keeps a second server away from a folder for as long as this process lives, since each would know nothing of what the
 * other writes. One that is just being replaced is waited for. The hold is a socket that nobody connects to: however the process dies, the kernel lets go of it.
 */
export async function holdFolder(folder: string, waitMs: number): Promise<AsyncDisposable> {
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32);
  // Linux has names for sockets that are no files; elsewhere a file stays behind after a crash.
  const abstract = process.platform === 'linux';
  const path = abstract ? `\0dumont-storage-${name}` : join(tmpdir(), `dumont-storage-${name}.sock`);
  const server = createServer((socket) => socket.destroy());
  for (let waitedMs = 0; ; waitedMs += BETWEEN_MS) {
    if (await listens(server, path)) break;
    if (!abstract && (await isAbandoned(path))) await rm(path, { force: true });
    else if (waitedMs >= waitMs) throw new Failure('store_locked', { folder, pid: 'unknown' });
    else await sleep(BETWEEN_MS);
  }
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      server.removeAllListeners('listening');
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(path, () => {
      server.removeAllListeners('error');
      resolve(true);
    });
  });
}

function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
