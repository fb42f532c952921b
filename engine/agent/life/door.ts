import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { type Talk, talkOver } from '../talk.ts';

/** One end of a connection between two of our own programs on this machine: lines of JSON, both ways. */
export type Wire = Talk<object>;

export interface Door extends AsyncDisposable {
  readonly path: string;
}

/** Only whoever runs the agent can open it. */
export async function openDoor(path: string, onKnock: (wire: Wire) => void): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    onKnock(wireOver(socket));
  });
  const before = process.umask(0o077);
  try {
    server.listen(path);
    await new Promise<void>((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', reject);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const late = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_MS);
      await closed;
      clearTimeout(late);
      rmSync(path, { force: true });
    },
  };
}

/** Null when nobody opens. */
export async function knock(path: string): Promise<Wire | null> {
  const socket = connect(path);
  return await new Promise((resolve) => {
    socket.once('connect', () => resolve(wireOver(socket)));
    socket.once('error', () => resolve(null));
  });
}

function wireOver(socket: Socket): Wire {
  const talk = talkOver<object>(socket, socket);
  socket.on('close', () => talk[Symbol.dispose]()); // torn, it has no end that a reader of lines would see
  return {
    ...talk,
    [Symbol.dispose]() {
      talk[Symbol.dispose]();
      socket.end();
      socket.destroySoon();
    },
  };
}

const CLOSE_MS = 2_000;
