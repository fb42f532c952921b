import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface NarrowLine extends AsyncDisposable {
  readonly port: number;
}

/** A line to a server on this computer on which bytes move no faster than they may at that moment. */
export async function narrowLine(to: number, limit: { readonly bytesPerSecond: number }): Promise<NarrowLine> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(paced(limit)).pipe(far);
    far.pipe(paced(limit)).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function paced(limit: { readonly bytesPerSecond: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const ms = (chunk.length / limit.bytesPerSecond) * 1_000;
      if (ms < 1) return done(null, chunk);
      sleep(ms).then(
        () => done(null, chunk),
        (cause: Error) => done(cause),
      );
    },
  });
}
