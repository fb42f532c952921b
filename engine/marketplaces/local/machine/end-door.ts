import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a machine hears its own wish to end, as rented ones do with a key that can do nothing else. */
export interface EndDoor {
  readonly port: number;
  close(): void;
}

/** `onEnd` is called before the answer leaves: who hears it can rely on it. It may throw, and then nothing ended. */
export async function openEndDoor(key: string, onEnd: () => void): Promise<EndDoor> {
  const server = createServer((request, response) => {
    request.resume();
    const answer = (status: number): void => void response.writeHead(status, { connection: 'close' }).end();
    if (request.url !== END_PATH) return answer(404);
    if (request.method !== 'POST') return answer(405);
    if (!holdsKey(request, key)) return answer(403);
    try {
      onEnd();
      answer(200);
    } catch (cause) {
      console.error(cause);
      answer(500);
    }
  });
  server.requestTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      setTimeout(() => server.closeAllConnections(), LAST_ANSWER_MS).unref();
    },
  };
}

function holdsKey(request: IncomingMessage, key: string): boolean {
  const [given, own] = [Buffer.from(request.headers.authorization ?? ''), Buffer.from(`Bearer ${key}`)];
  return given.length === own.length && timingSafeEqual(given, own);
}

export const END_PATH = '/end';
const LAST_ANSWER_MS = 1_000;
