import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { type AgentAnswer, type AgentStatus, HEARTBEAT_PATH } from '../../engine/domain/heartbeat.ts';
import { serveAgentRoute } from '../../engine/http/agent-route.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The route at the end of real connections, as a tunnel hands them over. */
async function tunnel(limits: Parameters<typeof serveAgentRoute>[2] = {}) {
  const heard: { token: string; status: AgentStatus }[] = [];
  const logged: unknown[] = [];
  const trouble: { fail: Error | null } = { fail: null };
  const serve = serveAgentRoute(
    {
      knows: (token) => token.startsWith('word-of-'),
      async hear(token, said) {
        if (trouble.fail) throw trouble.fail;
        if (token !== 'word-of-m1') throw new Failure('unauthorized', { file: '/secret/place/of/the/token' });
        heard.push({ token, status: said });
        return answer;
      },
    },
    (...line) => logged.push(line),
    limits,
  );
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port, heard, logged, trouble };
}

const answer: AgentAnswer = {
  now: 1,
  heartbeatMs: 10_000,
  plan: null,
  repository: null,
  tickets: [],
  settled: [],
  watchdog: null,
  idle: null,
  jobs: [],
  notice: null,
  program: null,
};

const reading = { value: 0 };
const status = {
  protocol: 2,
  machine: 'm1',
  workspace: 'lab',
  epoch: 1,
  program: null,
  startedAt: 1,
  at: 2,
  activity: {
    gpuPercent: reading,
    gpuMemoryMovedMb: reading,
    cpuPercent: reading,
    diskBytesPerSecond: reading,
    networkBytesPerSecond: reading,
    terminals: reading,
    editors: reading,
    jupyterKernelsBusy: reading,
  },
  backup: {
    state: 'waiting',
    everyMs: 300_000,
    durableAt: null,
    changedAt: null,
    filesPending: 0,
    lastMs: null,
    failures: 0,
    failedWhy: null,
    watching: 'inotify',
  },
  taken: [],
  jobs: [],
  atRisk: { files: 0, bytes: 0 },
  tickets: 0,
  credentialsUntil: null,
};

const WORD = { Authorization: 'Bearer word-of-m1' };

async function post(port: number, body: unknown, headers: Record<string, string> = WORD, path = HEARTBEAT_PATH) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Bytes as they are, and whatever comes back until the other side has enough. */
function raw(port: number, ...bytes: readonly string[]): { socket: Socket; said: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  for (const each of bytes) socket.write(each);
  closing.push(() => socket.destroy());
  return { socket, said: new Promise((resolve) => socket.on('close', () => resolve(text))) };
}

function requestOf(body: string, headers: readonly string[] = []): string {
  const lines = [`POST ${HEARTBEAT_PATH} HTTP/1.1`, 'Host: x', 'Authorization: Bearer word-of-m1', ...headers];
  return `${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

test('a machine says its status and gets its answer; what a newer agent adds is no harm', async () => {
  const t = await tunnel();
  const said = await post(t.port, { ...status, mood: 'good' });
  expect([said.status, JSON.parse(said.text)]).toEqual([200, answer]);
  expect(t.heard).toHaveLength(1);
  expect(t.heard[0]?.status.activity.cpuPercent).toEqual({ value: 0, lastAt: null, say: '' });
});

test.each([
  ['another path', 404, '/api/v1/instances', WORD, status],
  ['the path with a tail', 404, `${HEARTBEAT_PATH}?x=1`, WORD, status],
  ['no word', 401, HEARTBEAT_PATH, {}, status],
  ['the word of nobody', 401, HEARTBEAT_PATH, { Authorization: 'Bearer guessed' }, status],
  ['another scheme', 401, HEARTBEAT_PATH, { Authorization: 'Basic word-of-m1' }, status],
  ['a body that is not JSON', 400, HEARTBEAT_PATH, WORD, '{"protocol": 2'],
  ['a body that is no status', 400, HEARTBEAT_PATH, WORD, { protocol: 2 }],
])('%s gets %i and not a word more', async (_, code, path, headers, body) => {
  const t = await tunnel();
  const said = await post(t.port, body, headers as Record<string, string>, path);
  expect([said.status, said.text]).toEqual([code, '']);
  expect(said.headers.get('www-authenticate')).toBeNull();
  expect(t.heard).toEqual([]);
});

test('only POST is heard', async () => {
  const t = await tunnel();
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`http://127.0.0.1:${t.port}${HEARTBEAT_PATH}`, { method, headers: WORD });
    expect([response.status, await response.text()]).toEqual([404, '']);
  }
});

test('trouble of ours is a number for the machine and words for the log', async () => {
  const t = await tunnel();
  t.trouble.fail = new Error('password=hunter2');
  const said = await post(t.port, status);
  expect([said.status, said.text]).toEqual([503, '']);
  expect(t.logged).toEqual([['heartbeat.failed', { machine: 'm1', why: 'password=hunter2' }, 'ERROR']]);
});

test('a huge body is not read, whether or not it says its length', async () => {
  const t = await tunnel();
  const declared = raw(t.port, requestOf('', []).replace('Content-Length: 0', 'Content-Length: 50000000'));
  expect(await declared.said).toMatch(/^HTTP\/1\.1 413 /);
  const endless = raw(t.port, requestOf('').replace('Content-Length: 0', 'Transfer-Encoding: chunked'));
  const chunk = `ffff\r\n${'x'.repeat(0xffff)}\r\n`;
  let sent = 0;
  while (!endless.socket.destroyed && sent < 30_000_000) {
    if (!endless.socket.write(chunk)) await Promise.race([once(endless.socket, 'drain').catch(() => {}), endless.said]);
    sent += chunk.length;
  }
  await endless.said;
  expect(sent, 'it went on reading').toBeLessThan(15_000_000); // the buffers of the system lie between
  expect(t.heard).toEqual([]);
});

test('whoever dribbles is cut off, in the head, in the body, and when it reads nothing', async () => {
  const t = await tunnel({ exchangeMs: 150 });
  const head = raw(t.port, `POST ${HEARTBEAT_PATH} HTTP/1.1\r\nHost: x\r\n`);
  const body = raw(t.port, requestOf('{"protocol": 2').replace('Content-Length: 14', 'Content-Length: 400'));
  const silent = raw(t.port);
  const dribble = setInterval(() => body.socket.write(' '), 20);
  const ends = await Promise.race([Promise.all([head.said, body.said, silent.said]), wait(3_000)]);
  clearInterval(dribble);
  expect(ends).toEqual(['', '', '']);
  expect(t.heard).toEqual([]);
});

test('what is piled up behind the first request is not heard', async () => {
  const t = await tunnel();
  const one = requestOf(JSON.stringify(status));
  await raw(t.port, one.repeat(30)).said;
  expect(t.heard.length).toBeLessThanOrEqual(1);
  t.heard.length = 0;
  const alone = raw(t.port, one);
  expect(await alone.said).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*Connection: close/i);
});

test('bytes that are not HTTP, and requests to become something else, end the connection', async () => {
  const t = await tunnel();
  expect(await raw(t.port, '\x00\x01\x02\r\n\r\n').said).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(t.port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`).said).toMatch(
    /^HTTP\/1\.1 431 /,
  );
  expect(await raw(t.port, 'CONNECT other:22 HTTP/1.1\r\nHost: other:22\r\n\r\n').said).not.toContain('200');
  const upgrade = `GET ${HEARTBEAT_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  expect(await raw(t.port, upgrade).said).toMatch(/^HTTP\/1\.1 404 /);
});

test('of many connections the oldest gives way, and an honest machine is heard among them', async () => {
  const t = await tunnel({ connectionsMax: 8 });
  const crowd = Array.from({ length: 8 }, () => raw(t.port, 'POST '));
  await wait(50);
  expect((await post(t.port, status)).status).toBe(200);
  await crowd[0]?.said;
  expect(crowd.slice(1).some(({ socket }) => !socket.destroyed)).toBe(true);
});
