import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Account } from './account.ts';
import { route } from './route.ts';

export interface VastStandIn extends AsyncDisposable {
  readonly url: string;
}

/** The account behind HTTP on loopback, so that any client that follows the public contract can be pointed at it. */
export async function serveVast(account: Account, port = 0): Promise<VastStandIn> {
  const server = createServer(async (request, response) => {
    const { status, text, lost } = await route(account, {
      method: request.method ?? 'GET',
      url: new URL(request.url ?? '/', `http://${request.headers.host}`),
      authorization: request.headers.authorization ?? null,
      text: await bodyOf(request),
    });
    if (lost) return void request.socket.destroy();
    const type = /^[[{]/.test(text) ? 'application/json' : 'text/plain';
    response.writeHead(status, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
