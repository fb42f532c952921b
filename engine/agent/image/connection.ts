import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** Where so many bytes of an answer go. The tag is the same as long as the object is. */
export type Room = (bytes: number, tag: string) => Buffer;

/** One connection to storage, on which one request follows the other. */
export interface Connection {
  ask(head: string, body: Buffer | null, room: Room, signal: AbortSignal): Promise<Reply>;
  /** Whether it can carry another one. */
  isOpen(): boolean;
  /** It ended before anything of an answer came: it was closed while nobody asked anything. */
  wasStale(): boolean;
  /** How many bytes lie in the room that the last answer was given, when it was cut off. */
  came(): number;
  close(): void;
}

/**
 * HTTP/1.1, as much of it as fetching objects takes. The system reads right into the room that the body has: Node's own client
 * hands over pieces of 64 KB, each in memory of its own, and took six times the processor's time.
 */
export function openConnection({ protocol, hostname, port }: URL): Connection {
  const head = Buffer.allocUnsafeSlow(HEAD_BYTES);
  let headBytes = 0;
  let body: Buffer | null = null;
  let bodyBytes = 0;
  let status = 0;
  let answers = 0;
  let open = true;
  let silent = false;
  let asked: { room: Room; resolve: (reply: Reply) => void; reject: (cause: unknown) => void } | null = null;

  const onread = {
    buffer: () => (body ? body.subarray(bodyBytes) : head.subarray(headBytes)),
    callback(bytes: number): boolean {
      try {
        if (body) bodyBytes += bytes;
        else readHead(bytes);
        if (body && bodyBytes === body.length) finish(body);
      } catch (cause) {
        socket.destroy(cause as Error);
      }
      return true;
    },
  };
  const secure = protocol === 'https:';
  const where = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || (secure ? 443 : 80), onread };
  const socket: Socket = secure ? connectSecure({ ...where, ...nameOf(hostname) }) : connectPlain(where);
  socket.setNoDelay(true);

  const readHead = (bytes: number): void => {
    headBytes += bytes;
    const end = head.subarray(0, headBytes).indexOf(END_OF_HEAD);
    if (asked === null || (end < 0 && headBytes === HEAD_BYTES)) throw new Error('storage speaks no HTTP');
    if (end < 0) return;
    const text = head.toString('latin1', 0, end);
    status = Number(/^HTTP\/1\.1 (\d{3})\b/.exec(text)?.[1]);
    if (!Number.isInteger(status)) throw new Error('storage speaks no HTTP');
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]);
    const rest = head.subarray(end + END_OF_HEAD.length, headBytes);
    const isUsual = status >= 200 && length >= rest.length && length <= BODY_BYTES_MAX;
    if (!isUsual && status < 300) throw new Error('storage gave an answer without a length');
    if (!isUsual || /\r\nconnection: *close/i.test(text)) open = false;
    const hasRoom = status === 200 || status === 206;
    const tag = /\r\netag: *(\S+)/i.exec(text)?.[1] ?? '';
    body = hasRoom ? asked.room(length, tag) : Buffer.alloc(isUsual ? length : 0);
    bodyBytes = rest.copy(body);
  };
  const finish = (whole: Buffer): void => {
    const { resolve } = asked!;
    [asked, body, headBytes, bodyBytes] = [null, null, 0, 0];
    answers += 1;
    // An answer that came before the request was read to its end: the rest of that would be taken for the next one.
    if (socket.writableLength > 0) open = false;
    if (!open) socket.destroy();
    resolve({ status, body: whole });
  };
  const fail = (cause: unknown): void => {
    open = false;
    const before = asked;
    asked = null;
    before?.reject(cause);
  };
  socket.on('error', fail);
  socket.on('timeout', () => {
    silent = true;
    socket.destroy(new Error(`storage said nothing for ${SILENCE_MS / 1000} s`));
  });
  socket.on('close', () => fail(new Error('storage closed the connection')));

  return {
    async ask(request, content, room, signal) {
      signal.throwIfAborted();
      const stop = (): void => void socket.destroy(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      socket.setTimeout(SILENCE_MS); // which begins anew with each byte, in either direction
      try {
        return await new Promise((resolve, reject) => {
          asked = { room, resolve, reject };
          socket.cork();
          socket.write(request, 'latin1');
          if (content) socket.write(content);
          socket.uncork();
        });
      } finally {
        socket.setTimeout(0);
        signal.removeEventListener('abort', stop);
      }
    },
    isOpen: () => open,
    came: () => (body ? bodyBytes : 0),
    wasStale: () => !open && !silent && answers > 0 && headBytes === 0 && body === null,
    close: () => void socket.destroy(),
  };
}

/** A certificate is for a name, if there is one. */
const nameOf = (hostname: string): { servername?: string } => (isIP(hostname) !== 0 ? {} : { servername: hostname });

const END_OF_HEAD = '\r\n\r\n';
/** A slow line is waited for, and one that is dead is not. */
const SILENCE_MS = 20_000;
const HEAD_BYTES = 16 * 1024;
const BODY_BYTES_MAX = 512 * 1024 * 1024;
