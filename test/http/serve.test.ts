import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { HEARTBEAT_PATH } from '../../engine/domain/heartbeat.ts';
import type { Ear } from '../../engine/http/agent-route.ts';
import { noteEngine } from '../../engine/http/engine-file.ts';
import { serveHttp } from '../../engine/http/serve.ts';
import { status } from '../policy/idle-machine.ts';
import { fakeEngine } from './fake-engine.ts';
import { fakeDoors } from './house.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'dumont-http-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function served({ ear = null, host }: { ear?: Ear | null; host?: string } = {}) {
  const fake = fakeEngine({ pace: 0.01 });
  const tokenFile = join(home, 'token');
  const server = await serveHttp(() => fake.engine, {
    port: 0,
    tokenFile,
    log: () => {},
    ear,
    ...(host !== undefined && { host }),
    ...fakeDoors(),
  });
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const get = (path: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${server.url}${path}`, {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      ...(signal && { signal }),
    });
  const say = (workspace: string, operation: string) =>
    fake.tell({ event: 'operation.ended', workspace, operation, ok: true, why: '' });
  return { ...fake, server, token, tokenFile, get, say };
}

const STREAM = { Accept: 'text/event-stream' };

/** Reads events until there are so many. */
async function read(response: Response, count: number): Promise<string[]> {
  const ids: string[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    ids.splice(
      0,
      ids.length,
      ...[...text.matchAll(/^id: (\d+)\ndata: .*"operation":"(\w+)"/gm)].map((m) => `${m[1]} ${m[2]}`),
    );
    if (ids.length >= count) break;
  }
  return ids;
}

test('the token is 256 random bits, new at each start, in a file only its owner can read', async () => {
  const first = await served();
  expect((await stat(first.tokenFile)).mode & 0o777).toBe(0o600);
  expect(Buffer.from(first.token, 'base64url')).toHaveLength(32);
  await first.server[Symbol.asyncDispose]();
  await using second = (await served()).server;
  expect(second.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await readFile(first.tokenFile, 'utf8')).trim()).not.toBe(first.token);
});

test('an older token file that everybody could read does not lend its permissions to the new one', async () => {
  await writeFile(join(home, 'token'), 'old', { mode: 0o644 });
  const { server, tokenFile } = await served();
  await using _ = server;
  expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
});

test('a port that is taken is a clear failure and leaves the other engine its token', async () => {
  const { server, token, tokenFile, engine } = await served();
  await using _ = server;
  const port = Number(new URL(server.url).port);
  await expect(serveHttp(() => engine, { port, tokenFile, log: () => {}, ...fakeDoors() })).rejects.toMatchObject({
    code: 'bad_setting',
  });
  expect((await readFile(tokenFile, 'utf8')).trim()).toBe(token);
});

test('a stream gives what was missed after Last-Event-ID, then what happens', async () => {
  const { server, get, say } = await served();
  await using _ = server;
  for (const operation of ['one', 'two', 'three']) say('lab', operation);
  const response = await get('/api/v1/events?instance_id=lab', { ...STREAM, 'Last-Event-ID': '1' });
  say('other', 'hidden');
  say('lab', 'four');
  expect(await read(response, 3)).toEqual(['2 two', '3 three', '5 four']);
});

test('a stream without a number, or with one still to come, begins now', async () => {
  const { server, get, say } = await served();
  await using _ = server;
  say('lab', 'before');
  const plain = await get('/api/v1/events', STREAM);
  const ahead = await get('/api/v1/events', { ...STREAM, 'Last-Event-ID': '999' });
  say('lab', 'after');
  expect(await read(plain, 1)).toEqual(['2 after']);
  expect(await read(ahead, 1)).toEqual(['2 after']);
});

test('a client that leaves is not listened for any more', async () => {
  const { server, get, say, bell } = await served();
  await using _ = server;
  const leave = new AbortController();
  const response = await get('/api/v1/events', STREAM, leave.signal);
  say('lab', 'one');
  await read(response, 1).catch(() => {});
  expect(bell.listenerCount('told')).toBe(1);
  leave.abort();
  await expect.poll(() => bell.listenerCount('told')).toBe(0);
});

test('closing ends open streams at once and accepts nobody new', async () => {
  const { server, get } = await served();
  const response = await get('/api/v1/events', STREAM);
  const since = performance.now();
  const rest = response.text();
  await server[Symbol.asyncDispose]();
  expect(await rest).toContain('retry:');
  expect(performance.now() - since).toBeLessThan(1_500);
  await expect(get('/api/v1/health')).rejects.toThrow();
});

test('bytes that are not HTTP get an answer and harm nobody', async () => {
  const { server, get } = await served();
  await using _ = server;
  for (const bytes of [
    '\x00\x01\x02\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
  ]) {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (chunk) => resolve(String(chunk)));
      socket.write(bytes);
    });
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  expect((await get('/api/v1/health')).status).toBe(200);
});

test("the note of where the engine answers goes away with it, but not a later engine's note", async () => {
  const file = join(home, 'engine.json');
  const first = await noteEngine(file, 'http://127.0.0.1:1');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ url: 'http://127.0.0.1:1', pid: process.pid });
  const second = await noteEngine(file, 'http://127.0.0.1:2');
  await first[Symbol.asyncDispose]();
  expect(JSON.parse(await readFile(file, 'utf8')).url).toBe('http://127.0.0.1:2');
  await second[Symbol.asyncDispose]();
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test("machines are heard only where they reach us by a public address, and the account's token is no word of theirs", async () => {
  const ear: Ear = {
    knows: (token) => token === 'word-of-m1',
    async hear() {
      throw new Failure('unauthorized', { file: 'a secret place' });
    },
  };
  const say = (url: string, token: string) =>
    fetch(`${url}${HEARTBEAT_PATH}`, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: '{}' });

  const closed = await served();
  await using _ = closed.server;
  for (const token of ['word-of-m1', closed.token]) {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(status(0)) };
    expect((await fetch(`${closed.server.url}${HEARTBEAT_PATH}`, init)).status).toBe(409);
  }

  const open = await served({ ear });
  await using __ = open.server;
  const stranger = await say(open.server.url, open.token);
  expect([stranger.status, await stranger.text()], 'what a stranger says was read').toEqual([401, '']);
  const answer = await say(open.server.url, 'word-of-m1');
  expect([answer.status, await answer.text()]).toEqual([400, '']); // what is no status is not even looked up
  expect(
    (await fetch(`${open.server.url}${HEARTBEAT_PATH}`, { headers: { Authorization: `Bearer ${open.token}` } })).status,
  ).toBe(404);
  expect((await open.get('/api/v1/health')).status).toBe(200);
  expect((await open.get('/api/v1/instances', { Authorization: 'Bearer word-of-m1' })).status).toBe(401);
});

test.each([
  ['127.0.0.2', '127.0.0.2'],
  ['0.0.0.0', '127.0.0.1'],
])('an engine that listens at %s is reached from here at %s', async (host, here) => {
  const { server, get } = await served({ host });
  await using _ = server;
  expect(new URL(server.url).hostname).toBe(here);
  expect((await get('/api/v1/health')).status).toBe(200);
});
