import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Two tours in one home would take it away from each other. The hold is a socket that nobody talks to: however the process
 * dies, the kernel lets go of it. Null: another tour has it.
 */
export async function holdTour(home: string): Promise<AsyncDisposable | null> {
  const name = `dumont-tour-${createHash('sha256').update(home).digest('hex').slice(0, 32)}`;
  // Linux has names for sockets that are no files; elsewhere a file stays behind after a crash.
  const path = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
  const server = createServer((socket) => socket.destroy());
  if (!(await listens(server, path))) {
    if (process.platform === 'linux' || (await answers(path))) return null;
    await rm(path, { force: true });
    if (!(await listens(server, path))) return null;
  }
  server.unref();
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException) => {
      server.off('listening', begun);
      if (cause.code === 'EADDRINUSE') resolve(false);
      else reject(cause);
    };
    const begun = () => {
      server.off('error', refused);
      resolve(true);
    };
    server.once('error', refused).once('listening', begun).listen(path);
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
