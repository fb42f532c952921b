import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Reply } from './operation.ts';

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
  const rooms = free.pop() ?? [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
  try {
    response.writeHead(reply.status, reply.headers);
    if (!(await sendFile(response, body, rooms))) return; // the system may still read from them
    response.end();
    free.push(rooms);
  } finally {
    await body.file.close();
  }
}

type Rooms = readonly [Buffer, Buffer];

/** While one piece is on its way the next one is read. False when the client has gone away instead. */
async function sendFile(
  response: ServerResponse,
  { file, start, length }: { readonly file: FileHandle; readonly start: number; readonly length: number },
  rooms: Rooms,
): Promise<boolean> {
  const gone = new Promise<void>((resolve) => response.once('close', resolve));
  const taken: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
  for (let at = start, turn: 0 | 1 = 0; at < start + length; turn = turn === 0 ? 1 : 0) {
    await Promise.race([taken[turn], gone]);
    if (response.destroyed) return false;
    const { bytesRead } = await file.read(rooms[turn], 0, Math.min(PIECE_BYTES, start + length - at), at);
    if (bytesRead === 0) throw new Error('a stored file is shorter than it was');
    at += bytesRead;
    const piece = rooms[turn].subarray(0, bytesRead);
    taken[turn] = new Promise((resolve) => void response.write(piece, () => resolve()));
  }
  await Promise.race([Promise.all(taken), gone]);
  return !response.destroyed;
}

/** Used again: fresh memory for each piece doubled what sending takes. */
const free: Rooms[] = [];
const PIECE_BYTES = 256 * 1024;
