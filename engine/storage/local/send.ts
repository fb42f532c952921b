import type { ServerResponse } from 'node:http';
import type { Reply } from './operation.ts';
import { piecesOf } from './write-draft.ts';

/** Sends a reply. Files go out piece by piece, no faster than the client takes them. */
export async function send(response: ServerResponse, reply: Reply, withBody: boolean): Promise<void> {
  const { body } = reply;
  if (body === undefined || typeof body === 'string') {
    const text = body ?? '';
    const length = reply.status === 204 || reply.status === 304 ? {} : { 'content-length': Buffer.byteLength(text) };
    response.writeHead(reply.status, { ...length, ...reply.headers });
    response.end(withBody ? text : undefined);
    return;
  }
  try {
    response.writeHead(reply.status, reply.headers);
    for await (const piece of piecesOf(body.file, body.start, body.length)) {
      if (!response.write(piece) && !(await drained(response))) return;
    }
    response.end();
  } finally {
    await body.file.close();
  }
}

/** False when the client has gone away instead. */
function drained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = () => {
      response.off('drain', finish);
      response.off('close', finish);
      resolve(!response.destroyed);
    };
    response.on('drain', finish);
    response.on('close', finish);
  });
}
