import { createServer } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { isFailure } from '../../engine/domain/failures.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { storageContract } from '../contracts/storage-port.ts';
import { ROOT, storageWorld } from './storage-world.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

function storageAt(endpoint: string, bucket = 'hot', secretAccessKey: string = ROOT.secretAccessKey) {
  const parent = { ...ROOT, account: 'local', secretAccessKey };
  return stack.use(s3Storage({ endpoint, bucket, region: 'auto', parent, now: Date.now }));
}

storageContract(async () => {
  const world = stack.use(await storageWorld());
  return { storage: storageAt(world.storage.endpoint), prefix: 'port/' };
});

const signal = AbortSignal.timeout(30_000);

test('a wrong key and a missing bucket are refusals, which trying again does not mend', async () => {
  await using world = await storageWorld();
  const { endpoint } = world.storage;
  for (const storage of [storageAt(endpoint, 'hot', 'wrong'), storageAt(endpoint, 'absent')]) {
    const refused = (thrown: unknown) => isFailure(thrown, 'storage_refused') && !thrown.row.retry;
    await expect(storage.get('x', signal)).rejects.toSatisfy(refused);
    await expect(storage.put('x', Buffer.from('x'), signal)).rejects.toSatisfy(refused);
    await expect(storage.list('', signal)).rejects.toSatisfy(refused);
    await expect(storage.remove('x', signal)).rejects.toSatisfy(refused);
  }
});

test('nobody listening, and a server that keeps failing, are storage that is down', async () => {
  const down = (thrown: unknown) => isFailure(thrown, 'storage_down') && thrown.row.retry;
  await expect(storageAt('http://127.0.0.1:9').get('x', signal)).rejects.toSatisfy(down);
  await using world = await storageWorld({
    intercept: async () => ({ do: 'answer', status: 503, code: 'ServiceUnavailable' }),
  });
  await expect(storageAt(world.storage.endpoint).list('', signal)).rejects.toSatisfy(down);
});

test('a storage that is full says so', async () => {
  await using world = await storageWorld({
    intercept: async () => ({ do: 'answer', status: 507, code: 'StorageFull' }),
  });
  const full = (thrown: unknown) => isFailure(thrown, 'disk_full');
  await expect(storageAt(world.storage.endpoint).put('x', Buffer.from('x'), signal)).rejects.toSatisfy(full);
});

test('a first failure is tried again, and a write whose answer was lost is not a write that was taken', async () => {
  let calls = 0;
  await using world = await storageWorld({
    intercept: async ({ action }) => {
      if (action !== 'PutObject') return undefined;
      calls += 1;
      return calls === 1 ? { do: 'lose-answer' } : undefined;
    },
  });
  const storage = storageAt(world.storage.endpoint);
  await storage.put('x', Buffer.from('mine'), signal, { onlyIfAbsent: true });
  expect(calls).toBe(2);
  expect(Buffer.from((await storage.get('x', signal)) ?? []).toString()).toBe('mine');
});

test('an abort in the middle of a call ends it with the reason given', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  stack.defer(() => new Promise<void>((resolve) => silent.close(() => resolve())));
  const { port } = silent.address() as { port: number };
  const controller = new AbortController();
  const call = storageAt(`http://127.0.0.1:${port}`).get('x', controller.signal);
  const reason = new Error('the engine stops');
  silent.once('connection', () => controller.abort(reason));
  await expect(call).rejects.toBe(reason);
});
