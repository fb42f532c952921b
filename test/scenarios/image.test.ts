import { expect, test, vi } from 'vitest';
import type { RestoreOrder } from '../../engine/domain/agent-protocol.ts';
import { MAGIC } from '../../engine/domain/image-head.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

vi.setConfig({ testTimeout: 120_000 });
const DAY = 24 * 60 * MINUTE;
const SEGMENT_BYTES = 1e6;
const [USED, ORPHAN] = ['a'.repeat(64), 'b'.repeat(64)];

/** A manifest that uses one of two segments; what is sealed in it is nobody's business here. */
function putImage(w: World): void {
  const head = {
    version: 2,
    epoch: 1,
    sequence: 1,
    snapshot: USED,
    contentHash: USED,
    whole: true,
    segments: [[USED, 9, 9]],
  };
  const said = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(said.length);
  w.storage.objects.set('lab/repo/image/manifest', Buffer.concat([MAGIC, length, said, Buffer.from('sealed')]));
  for (const name of [USED, ORPHAN])
    w.storage.objects.set(`lab/repo/image/segments/${name}`, new Uint8Array(SEGMENT_BYTES));
}

const imageOf = (w: World): string[] => [...w.storage.objects.keys()].filter((key) => key.includes('/image/'));

test('segments that no image uses are removed, and all of them where none is wanted', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  putImage(w);
  machine.write('workspace/a.py', 'work');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(30 * MINUTE);
  expect(imageOf(w)).toEqual(['lab/repo/image/manifest', `lab/repo/image/segments/${USED}`]);
  const { hot } = (await w.store.read('upkeep', 'lab'))!;
  expect(hot?.bytes, 'it is paid for like all else that lies there').toBeGreaterThan(SEGMENT_BYTES);
  expect(hot!.bytes - hot!.imageBytes!, 'but it makes no snapshot go').toBeLessThan(SEGMENT_BYTES);
  await engine.configure('lab', { wakeImage: false }, ANA);
  await w.clock.advance(8 * DAY);
  expect(imageOf(w)).toEqual([]);
  await stop();
});

test('a wake is told to use the image, unless the workspace does without', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const orders: RestoreOrder[] = [];
  w.storage.onFetch = (_, order) => void orders.push(order);
  for (const wakeImage of [true, false]) {
    await engine.configure('lab', { wakeImage }, ANA);
    if (wakeImage) machine.write('workspace/a.py', 'work');
    await engine.hibernate('lab', {}, ANA);
    await w.clock.advance(10 * MINUTE);
    await engine.wake('lab', {}, ANA);
    await w.clock.advance(5 * MINUTE);
    expect(orders.at(-1)?.image).toBe(wakeImage);
  }
  await stop();
});
