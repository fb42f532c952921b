import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createSecureServer, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { openConnection } from '../../../engine/agent/image/connection.ts';
import { type Objects, openObjects, ownRoom } from '../../../engine/agent/image/objects.ts';

const never = new AbortController().signal;
const ASK = 'GET /a HTTP/1.1\r\nhost: here\r\n\r\n';
const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('answers come whole, however the network cuts them', async () => {
  const answers = [answer('one'), answer(''), answer('x'.repeat(70_000))].flatMap((text) => [...cut(text)]);
  await using server = await serve(async (socket) => {
    for (const piece of answers.splice(0, answers.indexOf(END) + 1)) {
      if (piece === END) return;
      socket.write(piece);
      await new Promise((done) => setImmediate(done));
    }
  });
  const connection = openConnection(server.url);
  for (const body of ['one', '', 'x'.repeat(70_000)]) {
    const reply = await connection.ask(ASK, null, ownRoom, never);
    expect([reply.status, reply.body.toString()]).toEqual([200, body]);
  }
  expect(connection.isOpen()).toBe(true);
  connection.close();
});

test.each([
  ['ends early', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.', 'closed'],
  ['says more than it promised', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nfive.', 'without a length'],
  ['has no length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 'without a length'],
  ['promises more than there is memory', 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n', 'without a length'],
  ['has no end of its head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(9_000)}`, 'no HTTP'],
  ['is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'no HTTP'],
])('an answer that %s is an error', async (_, text, why) => {
  await using server = await serve((socket) => void socket.end(text));
  const connection = openConnection(server.url);
  await expect(connection.ask(ASK, null, ownRoom, never)).rejects.toThrow(why);
  expect(connection.isOpen()).toBe(false);
});

test('a refusal without a length is a refusal, and the last answer of its connection', async () => {
  await using server = await serve(
    (socket) => void socket.write('HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n5\r\nno no'),
  );
  const connection = openConnection(server.url);
  expect((await connection.ask(ASK, null, ownRoom, never)).status).toBe(403);
  expect(connection.isOpen()).toBe(false);
});

test('who does not wait any more hears why at once', async () => {
  await using server = await serve(() => undefined);
  const connection = openConnection(server.url);
  const stop = new AbortController();
  const asking = connection.ask(ASK, null, ownRoom, stop.signal);
  stop.abort(new Error('time is up'));
  await expect(asking).rejects.toThrow('time is up');
});

test('a connection that storage closed meanwhile is replaced, without a pause', async () => {
  const met = new Set<Socket>();
  await using server = await serve((socket) => {
    if (!met.has(socket)) socket.end(answer(`${met.add(socket).size}`));
  });
  const objects = objectsAt(server.url);
  for (const body of ['1', '2', '3']) expect(String((await objects.get('a', ownRoom, never))?.bytes)).toBe(body);
  objects.close();
});

const BODY = randomBytes(100_000);
const objectHead = (status: string, bytes: number, etag: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${bytes}\r\netag: "${etag}"\r\n\r\n`;
const rangeIn = (request: string): number => Number(/\r\nrange: bytes=(\d+)-/.exec(request)?.[1] ?? 0);

test('an object whose connection is cut goes on where it was', async () => {
  const asked: number[] = [];
  await using server = await serve((socket, request) => {
    const from = rangeIn(request);
    if (from > 0) expect(request).toContain('\r\nif-match: "one"\r\n');
    asked.push(from);
    socket.write(objectHead(from === 0 ? '200 OK' : '206 Partial Content', BODY.length - from, 'one'));
    socket.end(BODY.subarray(from, from + 40_000));
  });
  const objects = objectsAt(server.url);
  expect(BODY.equals((await objects.get('a', ownRoom, never))!.bytes)).toBe(true);
  expect(asked).toEqual([0, 40_000, 80_000]);
  objects.close();
});

test('an object that is another one meanwhile, or comes whole again, is not put together of two', async () => {
  const other = randomBytes(100_000);
  for (const again of ['412 Precondition Failed', '200 OK']) {
    let asked = 0;
    await using server = await serve((socket, request) => {
      if (++asked === 1) {
        socket.write(objectHead('200 OK', BODY.length, 'one'));
        socket.end(BODY.subarray(0, 40_000));
      } else if (rangeIn(request) > 0 && again.startsWith('412')) socket.end(objectHead(again, 0, 'two'));
      else {
        socket.write(objectHead('200 OK', other.length, 'two'));
        socket.end(other);
      }
    });
    const objects = objectsAt(server.url);
    expect(other.equals((await objects.get('a', ownRoom, never))!.bytes), again).toBe(true);
    objects.close();
  }
});

test('a line that is slow is waited for, and one that is silent is not', async () => {
  await using silent = await serve((socket) => void socket.write(objectHead('200 OK', 3, 'one')));
  await using slow = await serve(async (socket) => {
    socket.write(objectHead('200 OK', 3, 'one'));
    for (const byte of 'abc') {
      await sleep(8_000);
      socket.write(byte);
    }
  });
  const [dead, late] = [silent, slow].map(({ url }) => openConnection(url).ask(ASK, null, ownRoom, never));
  await expect(dead).rejects.toThrow('said nothing for 20 s');
  expect(String((await late!).body)).toBe('abc');
}, 60_000);

test.skipIf(spawnSync('openssl', ['version']).status !== 0)('storage is asked over TLS, by its name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-tls-'));
  try {
    const [key, cert] = ['key', 'cert'].map((name) => join(folder, name)) as [string, string];
    const of = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...of, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const trusted = readFileSync(cert, 'utf8');
    const body = randomBytes(3_000_000);
    const server = createSecureServer({ key: readFileSync(key), cert: trusted });
    await using there = await serving(server, 'secureConnection', 'https:', (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const objects = objectsAt(there.url);
    await expect(objects.get('a', ownRoom, AbortSignal.timeout(300))).rejects.toThrow(); // nobody vouches for it
    setDefaultCACertificates([trusted]);
    expect(body.equals((await objects.get('a', ownRoom, never))!.bytes)).toBe(true);
    objects.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** In pieces of ever more bytes. */
function* cut(text: string): Generator<string> {
  for (let at = 0, bytes = 1; at < text.length; at += bytes, bytes *= 2) yield text.slice(at, at + bytes);
  yield END;
}
const END = 'the end of an answer';

function objectsAt(url: URL): Objects {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: '', expiresAt: 0 };
  return openObjects({ url: `s3:${url.href}hot/lab/repo`, region: 'auto', credentials, connections: 2 });
}

interface Serving extends AsyncDisposable {
  readonly url: URL;
}

const serve = (act: (socket: Socket, request: string) => unknown): Promise<Serving> =>
  serving(createServer(), 'connection', 'http:', act);

/** Answers every request, that comes in one piece here. */
async function serving(
  server: Server,
  event: string,
  protocol: string,
  act: (socket: Socket, request: string) => unknown,
): Promise<Serving> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (request) => void act(socket, String(request)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`${protocol}//localhost:${(server.address() as AddressInfo).port}/`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
