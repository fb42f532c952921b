import type { Duplex } from 'node:stream';
import type { TcpConnectionDetails } from 'ssh2';
import { Failure } from '../domain/failures.ts';
import type { Connection } from './connection.ts';

/** The machine listens on its own loopback, on a port that it chooses, for as long as the connection lives. */
export async function forwardFrom(
  { client, lost }: Connection,
  onConnection: (connection: Duplex) => void,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  lost.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const givenUp = AbortSignal.any([signal, lost]);
  const giveUp = (): void => reject(givenUp.reason);
  givenUp.addEventListener('abort', giveUp, { once: true });
  try {
    client.forwardIn('127.0.0.1', 0, (cause, port) => {
      if (cause) reject(new Failure('forwarding_refused', { why: cause.message }, { cause }));
      else resolve(port);
    });
    const port = await promise;
    let open = 0;
    client.on('tcp connection', ({ destPort }: TcpConnectionDetails, accept, refuse) => {
      if (destPort !== port || open >= OPEN_MAX) return refuse();
      open += 1;
      const channel = accept();
      channel.once('close', () => {
        open -= 1;
      });
      channel.on('error', () => undefined); // it is the machine's end that broke off
      onConnection(channel);
    });
    return port;
  } finally {
    givenUp.removeEventListener('abort', giveUp);
  }
}

/** An agent says one thing at a time; a machine that opens more must not crowd out the others. */
const OPEN_MAX = 4;
