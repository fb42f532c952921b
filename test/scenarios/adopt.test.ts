import { expect, test } from 'vitest';
import { labelOf } from '../../engine/domain/layout.ts';
import { awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('two engines that find the same machine adopt it once', async () => {
  const w = new World();
  await rentUnknown(w);
  const engines = await Promise.all([w.start(), w.start()]);
  await w.clock.advance(SECOND);
  expect(await w.store.list('machines')).toHaveLength(1);
  for (const { stop } of engines) await stop();
});

test('a list that is older than the end of a machine does not bring its record back', async () => {
  const w = new World();
  const instance = await rentUnknown(w);
  const list = w.marketplace.list.bind(w.marketplace);
  w.marketplace.list = async () => {
    const listed = await list();
    w.marketplace.list = list;
    await w.clock.sleep(4 * MINUTE, new AbortController().signal); // this one engine stands still
    return listed;
  };
  const slow = await w.start();
  const other = await w.start();
  await w.clock.advance(20 * MINUTE);
  expect(w.marketplace.machines.get(instance)?.destroyed).toBe(true);
  expect(w.told.filter((talk) => talk.event === 'machine.adopted')).toHaveLength(1);
  expect(w.told.some((talk) => talk.event === 'machine.lost')).toBe(false);
  await slow.stop();
  await other.stop();
});

test('a second machine under the label of one that we know is adopted too', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  const [offer] = await w.marketplace.offers({});
  const twin = await w.marketplace.rent(offer!, { label: machine.label } as never, async () => undefined);
  await w.clock.advance(15 * MINUTE);
  expect(w.rented).toEqual([machine.instance]);
  expect(w.marketplace.machines.get(twin)?.destroyed).toBe(true);
  await stop();
});

async function rentUnknown(w: World): Promise<string> {
  const [offer] = await w.marketplace.offers({});
  return await w.marketplace.rent(offer!, { label: labelOf('test', 'm99', 'lab') } as never, async () => undefined);
}
