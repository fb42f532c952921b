import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import { clientOf, refusal } from '../contracts/storage-client.ts';
import { type StorageWorld, storageWorld } from './storage-world.ts';

/**
 * A body signed chunk by chunk, byte for byte as Amazon's documentation of signature version 4 gives it: the one way to
 * check signatures against somebody who is neither us nor a client that we also wrote tests with.
 */
const EXAMPLE = {
  key: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  at: Date.UTC(2013, 4, 24),
  signatures: {
    seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    chunks: [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ],
  },
} as const;
const SIZES = [65_536, 1024, 0];

let open: StorageWorld[] = [];
afterEach(async () => {
  for (const one of open) await one[Symbol.asyncDispose]();
  open = [];
});

async function exampleWorld(): Promise<StorageWorld> {
  const keys = [{ ...EXAMPLE.key, scope: 'object-read-write' as const }];
  const world = await storageWorld({ keys, buckets: ['examplebucket'] });
  open.push(world);
  world.clock.aheadMs = EXAMPLE.at - Date.now();
  return world;
}

function exampleRequest(change: { seed?: string; chunks?: readonly string[]; fill?: string } = {}): Buffer {
  const { seed = EXAMPLE.signatures.seed, chunks = EXAMPLE.signatures.chunks, fill = 'a' } = change;
  const body = SIZES.map((size, i) => `${size.toString(16)};chunk-signature=${chunks[i]}\r\n${fill.repeat(size)}\r\n`);
  const signed =
    'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class';
  const head = [
    'PUT /examplebucket/chunkObject.txt HTTP/1.1',
    'Host: s3.amazonaws.com',
    'x-amz-date: 20130524T000000Z',
    'x-amz-storage-class: REDUCED_REDUNDANCY',
    `Authorization: AWS4-HMAC-SHA256 Credential=${EXAMPLE.key.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${seed}`,
    'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'Content-Encoding: aws-chunked',
    'x-amz-decoded-content-length: 66560',
    'Content-Length: 66824',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body.join('')}`);
}

/** Sends bytes as they are and gives back the status and the code of the answer. */
async function exchange(world: StorageWorld, request: Buffer): Promise<string> {
  const socket = connect(world.storage.port, '127.0.0.1');
  socket.write(request);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const text = data.toString();
  return `${text.split(' ')[1]} ${/<Code>(\w+)</.exec(text)?.[1] ?? ''}`.trim();
}

/** The head of a request as the SDK signs it, for a body that it frames and does not sign. */
async function recordHead(world: StorageWorld, bytes: Buffer): Promise<string> {
  let head = '';
  const requestHandler: NonNullable<S3ClientConfig['requestHandler']> = {
    handle: async ({ method, path, headers }: { method: string; path: string; headers: Record<string, string> }) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      head = `${method} ${path}?x-id=PutObject HTTP/1.1\r\n${lines.join('')}\r\n`;
      throw new Error('recorded');
    },
  };
  const client = clientOf(world.place(), { requestHandler, maxAttempts: 1 });
  const Body = Readable.from([bytes]);
  await client
    .send(new PutObjectCommand({ Bucket: 'hot', Key: 'x', Body, ContentLength: bytes.length }))
    .catch(() => {});
  client.destroy();
  return head;
}

async function stored(world: StorageWorld): Promise<string | null> {
  const client = clientOf(
    { ...world.place('examplebucket'), ...EXAMPLE.key },
    { systemClockOffset: world.clock.aheadMs },
  );
  const head = new HeadObjectCommand({ Bucket: 'examplebucket', Key: 'chunkObject.txt' });
  const found = await refusal(client.send(head));
  client.destroy();
  return found;
}

test("Amazon's own example of a body signed in chunks is accepted", async () => {
  const world = await exampleWorld();
  expect(await exchange(world, exampleRequest())).toBe('200');
  expect(await stored(world)).toBeNull();
});

const { seed, chunks } = EXAMPLE.signatures;
const [one = '', two = '', end = ''] = chunks;
const wrong = (signature: string) => signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));

test.each([
  ['another byte', { fill: 'b' }],
  ['a wrong first signature', { seed: wrong(seed) }],
  ['a wrong signature of a chunk', { chunks: [one, wrong(two), end] }],
  ['a wrong signature of the end', { chunks: [one, two, wrong(end)] }],
  ['signatures that changed places', { chunks: [two, one, end] }],
])('the same with %s is refused and leaves nothing', async (_, change) => {
  const world = await exampleWorld();
  expect(await exchange(world, exampleRequest(change))).toBe('403 SignatureDoesNotMatch');
  expect(await stored(world)).toBe('NotFound');
});

test('a body that ends early leaves nothing, and the server goes on', async () => {
  const world = await exampleWorld();
  const socket = connect(world.storage.port, '127.0.0.1');
  socket.end(exampleRequest().subarray(0, 30_000));
  socket.resume();
  await once(socket, 'close');
  expect(await stored(world)).toBe('NotFound');
  expect(world.logged).toEqual([]);
});

test('a request from another hour is refused, whichever way its clock is off', async () => {
  const world = await storageWorld();
  open.push(world);
  for (const minutes of [-16, 16]) {
    const client = clientOf(world.place(), { systemClockOffset: minutes * 60_000, maxAttempts: 1 });
    const call = client.send(new GetObjectCommand({ Bucket: 'hot', Key: 'x' }));
    expect(await refusal(call)).toBe('RequestTimeTooSkewed');
    client.destroy();
  }
  const client = clientOf(world.place(), { systemClockOffset: 10 * 60_000 });
  expect(await refusal(client.send(new GetObjectCommand({ Bucket: 'hot', Key: 'x' })))).toBe('NoSuchKey');
  client.destroy();
});

test.each([
  ['GET /hot/%zz HTTP/1.1', '400 InvalidURI'],
  ['GET /hot/%ff%fe HTTP/1.1', '400 InvalidObjectName'],
  ['GET http://elsewhere/hot/x HTTP/1.1', '400 InvalidURI'],
  ['PUT /new-bucket HTTP/1.1', '403 AccessDenied'],
  ['DELETE /hot HTTP/1.1', '403 AccessDenied'],
  ['GET / HTTP/1.1', '403 AccessDenied'],
  ['GET /hot?acl HTTP/1.1', '501 NotImplemented'],
  ['PATCH /hot/x HTTP/1.1', '405 MethodNotAllowed'],
  ['GET /hot/x HTTP/1.1', '401 Unauthorized'],
  ['GET /hot/../../etc/passwd HTTP/1.1', '401 Unauthorized'],
  ['GET /hot/x HTTP/1.1\r\nAuthorization: Basic abc', '400 AuthorizationHeaderMalformed'],
  ['GET /hot/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=999999999 HTTP/1.1', '400 AuthorizationHeaderMalformed'],
])('%s is answered with %s', async (line, answer) => {
  const world = await storageWorld();
  open.push(world);
  expect(await exchange(world, Buffer.from(`${line}\r\nHost: x\r\nContent-Length: 0\r\n\r\n`))).toBe(answer);
});

test('what is found wrong in the middle of a body is said, and the connection carries the next request', async () => {
  const world = await storageWorld();
  open.push(world);
  const head = await recordHead(world, Buffer.alloc(6_000_000));
  const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;
  const body = chunk(100) + chunk(60_000).repeat(100); // only the last chunk may be this short
  const socket = connect(world.storage.port, '127.0.0.1');
  socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  socket.write('GET /hot/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let answers = '';
  for await (const data of socket) answers += String(data);
  expect(answers.match(/HTTP\/1.1 \d+|(?<=<Code>)\w+/g)).toEqual([
    'HTTP/1.1 100', // the SDK asks before it sends a body
    ...['HTTP/1.1 403', 'InvalidChunkSizeError'],
    ...['HTTP/1.1 401', 'Unauthorized'],
  ]);
});

test('a body with fewer bytes than it announced is refused', async () => {
  const world = await storageWorld();
  open.push(world);
  const client = clientOf(world.place(), { maxAttempts: 1 });
  const Body = Readable.from([Buffer.alloc(15_000)]);
  const call = client.send(new PutObjectCommand({ Bucket: 'hot', Key: 'x', Body, ContentLength: 20_000 }));
  expect(await refusal(call)).toBe('IncompleteBody');
  expect(await refusal(client.send(new GetObjectCommand({ Bucket: 'hot', Key: 'x' })))).toBe('NoSuchKey');
  client.destroy();
});

test('a refused body is swallowed, so that the connection carries the next request', async () => {
  const world = await storageWorld();
  open.push(world);
  const client = clientOf(world.place(), { requestHandler: { httpAgent: { keepAlive: true, maxSockets: 1 } } });
  const Body = Buffer.alloc(4_000_000);
  for (let i = 0; i < 3; i += 1) {
    expect(await refusal(client.send(new PutObjectCommand({ Bucket: 'absent', Key: 'x', Body })))).toBe('NoSuchBucket');
  }
  expect(await refusal(client.send(new PutObjectCommand({ Bucket: 'hot', Key: 'x', Body })))).toBeNull();
  client.destroy();
});
