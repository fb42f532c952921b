import { type Listening, listen, textOf } from '../listen.ts';
import type { Account } from './account.ts';
import { route } from './route.ts';

/** The account behind HTTP on loopback, so that any client that follows the public contract can be pointed at it. */
export async function serveVast(account: Account, port?: number): Promise<Listening> {
  return await listen(async (request, response) => {
    const { status, text, lost } = await route(account, {
      method: request.method ?? 'GET',
      url: new URL(request.url ?? '/', `http://${request.headers.host}`),
      authorization: request.headers.authorization ?? null,
      text: await textOf(request),
    });
    if (lost) return void request.socket.destroy();
    const type = /^[[{]/.test(text) ? 'application/json' : 'text/plain';
    response.writeHead(status, { 'content-type': type }).end(text);
  }, port);
}
