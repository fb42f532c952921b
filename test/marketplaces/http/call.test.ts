import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { call, type Service, shaped } from '../../../engine/marketplaces/http/call.ts';

const never = new AbortController().signal;
const open: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.disposeAsync();
});

async function serving(answer: (path: string) => { status: number; body: string } | null): Promise<Service> {
  const server = createServer((request, response) => {
    const said = answer(request.url ?? '');
    if (said) response.writeHead(said.status).end(said.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stack = new AsyncDisposableStack();
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  open.push(stack);
  const { port } = server.address() as AddressInfo;
  return { marketplace: 'there', base: `http://127.0.0.1:${port}`, headers: async () => ({}), timeoutMs: 10_000 };
}

test('an error that is plain text is an answer, and its words are kept', async () => {
  const service = await serving(() => ({ status: 429, body: 'API requests too frequent' }));
  const answer = await call(service, { method: 'GET', path: '/x' }, never);
  expect(answer).toMatchObject({ status: 429, ok: false, text: 'API requests too frequent', json: undefined });
});

test('what is asked for goes into the address, and what is not given does not', async () => {
  const asked: string[] = [];
  const service = await serving((path) => {
    asked.push(path);
    return { status: 200, body: '{}' };
  });
  await call(service, { method: 'GET', path: '/x', query: { a: '1 2', b: undefined } }, never);
  expect(asked).toEqual(['/x?a=1+2']);
});

test('no answer is told as such, and so is nobody at all', async () => {
  const service = await serving(() => null);
  const slow = call({ ...service, timeoutMs: 200 }, { method: 'POST', path: '/x', body: {} }, never);
  await expect(slow).rejects.toMatchObject({
    code: 'marketplace_down',
    facts: { why: expect.stringMatching(/0.2 s/) },
  });
  const nobody = call({ ...service, base: 'http://127.0.0.1:1' }, { method: 'GET', path: '/' }, never);
  await expect(nobody).rejects.toMatchObject({ code: 'marketplace_down', facts: { marketplace: 'there' } });
});

test('who may not depart sends nothing, and an abort keeps its own reason', async () => {
  let asked = 0;
  const service = await serving(() => {
    asked++;
    return null;
  });
  const forbid = async (): Promise<void> => {
    throw new Error('fenced');
  };
  await expect(call(service, { method: 'POST', path: '/x', depart: forbid }, never)).rejects.toThrow('fenced');
  const stop = new AbortController();
  const going = call(service, { method: 'GET', path: '/x' }, stop.signal);
  stop.abort(new Error('stopping'));
  await expect(going).rejects.toThrow('stopping');
  expect(asked).toBeLessThanOrEqual(1);
});

test('an answer of another shape is no answer, and says where', () => {
  const answer = { status: 200, ok: true, headers: new Headers(), text: '', json: { pods: [{ id: 1 }] } };
  const shape = z.object({ pods: z.array(z.object({ id: z.string() })) });
  expect(() => shaped(shape, answer, 'there')).toThrow(/pods\.0\.id/);
});
