import { expect, test, vi } from 'vitest';
import type { RestoreOrder } from '../../engine/domain/agent-protocol.ts';
import { headStartKey, metadataKey } from '../../engine/domain/layout.ts';
import { readMetadata } from '../../engine/domain/metadata.ts';
import { newestGood } from '../../engine/domain/snapshot.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

// Many days, or many starts of restic, on a computer that may be busy.
vi.setConfig({ testTimeout: 120_000 });
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Somebody writes every five minutes. */
async function work(w: World, machine: Awaited<ReturnType<typeof awake>>['machine'], hours: number): Promise<void> {
  for (let i = 0; i < hours * 12; i++) {
    machine.write('workspace/train.py', `print(${i})`);
    await w.clock.advance(5 * MINUTE);
  }
}

const idsOf = async (w: World): Promise<string[]> => (await w.store.list('snapshots')).map(({ id }) => id).toSorted();

test('a workspace at work keeps fewer snapshots of longer ago, in the catalogue and in storage alike', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await work(w, machine, 6);
  const ids = await idsOf(w);
  expect(ids.length, 'of more than seventy').toBeLessThan(36);
  expect([...w.storage.repository('lab').keys()].toSorted()).toEqual(ids);
  const metadata = [...w.storage.objects.keys()].filter((key) => key.endsWith('metadata.json'));
  expect(metadata.toSorted()).toEqual(ids.map((id) => metadataKey('lab', id)).toSorted());
  const fates = await engine.retention('lab');
  expect(fates.map(({ snapshot }) => snapshot.id).toSorted()).toEqual(ids);
  expect(fates.filter(({ stays }) => !stays).length, 'what the next round takes').toBeLessThan(4);
  expect(newestGood(await engine.snapshots('lab'))?.id).toBe((await engine.snapshots('lab'))[0]?.id);
  await stop();
});

test('as soon as it sleeps its repository is put together, so that the next wake is quick', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await work(w, machine, 3);
  const before = w.storage.compacted.length;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect(w.storage.compacted.length).toBe(before + 1);
  expect(await w.store.read('upkeep', 'lab')).toMatchObject({ removed: 0, waits: null });
  await w.clock.advance(6 * HOUR);
  expect(w.storage.compacted.length, 'nothing is new').toBe(before + 1);
  await stop();
});

test('what a fresh machine must know first is left beside the data while it sleeps, and the next wake is told where', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const orders: RestoreOrder[] = [];
  w.storage.onFetch = (_, order) => void orders.push(order);
  await work(w, machine, 1);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [newest] = await engine.snapshots('lab');
  const left = w.storage.objects.get(headStartKey('lab'));
  expect(Buffer.from(left ?? []).toString(), 'of the one that a wake starts from').toBe(newest?.id);

  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(w.storage.keyOf(orders.at(-1)?.headStartUrl ?? '')).toBe(headStartKey('lab'));
  await stop();
});

test('nothing is taken out while somebody wakes, and what began is stopped', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await work(w, machine, 3);
  await engine.hibernate('lab', {}, ANA);
  let stopped: unknown = null;
  w.storage.compact = async (_, signal) => {
    await engine.wake('lab', {}, ANA);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    stopped = signal.reason;
    throw signal.reason;
  };
  await w.clock.advance(5 * MINUTE);
  expect(stopped).toMatchObject({ code: 'upkeep_waits' });
  const waits = w.logged.filter(({ event }) => event === 'upkeep.waits').at(-1);
  expect(waits?.facts.why).toContain('it is waking');
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  await stop();
});

test('what is pinned outlives everything, and is known beside its data', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.snapshot('lab', { description: 'the paper' }, ANA);
  await work(w, machine, 1);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const all = await engine.snapshots('lab');
  const manual = all.find(({ kind }) => kind === 'manual');
  const pinned = all.findLast(({ kind }) => kind === 'automatic');
  expect(pinned?.id).not.toBe(all[0]?.id);
  await engine.pin('lab', pinned?.id ?? '', { pinned: true, why: 'the best run' }, ANA);
  await w.clock.advance(100 * DAY);
  const left = (await engine.snapshots('lab')).map(({ id }) => id);
  expect(left).not.toContain(manual?.id);
  expect(left).toEqual([all[0]?.id, pinned?.id]);
  const bytes = await w.storage.get(metadataKey('lab', pinned?.id ?? ''));
  expect(readMetadata(Buffer.from(bytes ?? []).toString()).pinned).toMatchObject({ by: 'ana', why: 'the best run' });
  const again = await engine.pin('lab', pinned?.id ?? '', { pinned: true, why: '' }, ANA);
  expect(again.pinned?.why, 'said once is enough').toBe('the best run');
  await engine.pin('lab', pinned?.id ?? '', { pinned: false, why: '' }, ANA);
  await w.clock.advance(2 * DAY);
  expect((await engine.snapshots('lab')).map(({ id }) => id)).toEqual([all[0]?.id]);
  await stop();
});

test('a crash between the removal and its end leaves nothing that is named and not there', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await work(w, machine, 3);
  const forget = w.storage.forget.bind(w.storage);
  w.storage.forget = async (...asked) => {
    await forget(...asked);
    throw new Error('the computer was switched off');
  };
  await w.clock.advance(MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  for (const { id } of await engine.snapshots('lab')) expect(w.storage.repository('lab').has(id)).toBe(true);
  w.storage.forget = forget;
  await w.clock.advance(20 * MINUTE);
  expect((await w.store.list('snapshots')).filter(({ leaving }) => leaving)).toEqual([]);
  await stop();
});

test('a lock that nobody renewed for half an hour keeps nothing from going, and one of a machine that lives does', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const writtenAt = new Map([['lab/repo/locks/old', 0]]);
  const list = w.storage.list.bind(w.storage);
  w.storage.list = async (prefix) =>
    (await list(prefix)).map((one) => ({ ...one, writtenAt: writtenAt.get(one.key) ?? one.writtenAt }));
  const lock = (key: string, at: number): void => {
    writtenAt.set(key, at);
    w.storage.objects.set(key, new Uint8Array(1));
  };
  const locks = (): string[] => [...w.storage.objects.keys()].filter((key) => key.includes('/locks/'));
  lock('lab/repo/locks/old', 0);
  await work(w, machine, 3);
  expect(locks()).toEqual([]);
  const before = w.storage.forgotten.size;
  expect(before).toBeGreaterThan(0);

  lock('lab/repo/locks/old', 0);
  lock('lab/repo/locks/new', Number.MAX_SAFE_INTEGER);
  await work(w, machine, 1);
  expect(locks()).toEqual(['lab/repo/locks/new']);
  expect(w.storage.forgotten.size).toBe(before);
  expect((await w.store.read('upkeep', 'lab'))?.waits).toMatchObject({ locked: true });
  w.storage.objects.delete('lab/repo/locks/new');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect(w.storage.forgotten.size).toBeGreaterThan(before);
  expect(await w.store.read('upkeep', 'lab')).toMatchObject({ waits: null });
  await stop();
});

test('a person removes a snapshot: not the pinned, the used or, unasked, the newest; and then it is gone from storage', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await work(w, machine, 3);
  const [last] = await engine.snapshots('lab');
  const forget = (id: string, newest = false) => engine.forget('lab', id, { newest, why: 'a mistake' }, ANA);
  await expect(forget(last!.id, true), 'its next backup builds on it').rejects.toMatchObject({
    code: 'snapshot_in_use',
  });
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [newest, older] = await engine.snapshots('lab');
  await expect(forget(newest!.id)).rejects.toMatchObject({ code: 'confirmation_needed' });
  await engine.pin('lab', older!.id, { pinned: true, why: '' }, ANA);
  await expect(forget(older!.id)).rejects.toThrow(`"dumont pin lab ${older!.id.slice(0, 8)} --end"`);
  await engine.pin('lab', older!.id, { pinned: false, why: '' }, ANA);
  await forget(older!.id);
  expect((await engine.snapshots('lab')).map(({ id }) => id)).not.toContain(older!.id);
  const gone = { code: 'snapshot_gone', facts: { by: 'ana', why: 'a mistake' } };
  await expect(engine.findSnapshot('lab', older!.id)).rejects.toMatchObject(gone);
  await w.clock.advance(60 * MINUTE);
  await expect(engine.findSnapshot('lab', older!.id), 'its row is gone too').rejects.toMatchObject(gone);
  await expect(engine.findSnapshot('lab', older!.id.slice(0, 7)), 'by fewer digits too').rejects.toMatchObject(gone);
  await expect(engine.findSnapshot('lab', 'ffffffff')).rejects.toMatchObject({ code: 'no_such_snapshot' });
  expect([...w.storage.repository('lab').keys()]).not.toContain(older!.id);
  expect(await w.storage.get(metadataKey('lab', older!.id))).toBeNull();
  expect((await w.journals.read('audit', 0)).at(-1)).toMatchObject({ verb: 'forget', by: 'ana', why: 'a mistake' });
  await stop();
});

test('a wake from an older snapshot asks first, and what was newest stays although others come after it', async () => {
  const w = new World();
  const { engine, first, stop } = await asleepAfterTwo(w);
  const second = newestGood(await engine.snapshots('lab'));
  const back = { snapshot: first.id };
  await expect(engine.wake('lab', back, ANA)).rejects.toMatchObject({ code: 'confirmation_needed' });
  expect(await engine.restorePlan('lab', { onto: 'new', ...back }, AbortSignal.timeout(10_000))).toMatchObject({
    setsAside: { newest: { id: second?.id }, until: w.clock.now() + 90 * DAY },
  });
  expect((await w.store.read('snapshots', second!.id))?.setAside, 'nobody agreed').toBeNull();

  const clicks = { by: 'ana', key: 'click' };
  const wake = () => engine.wake('lab', { ...back, setAside: true }, clicks);
  expect((await wake()).id).toBe((await wake()).id);
  await w.clock.advance(3 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'snapshot.set_aside')).toEqual([
    expect.objectContaining({ snapshot: second?.id, from: first.id, by: 'ana', until: expect.any(Number) }),
  ]);
  const beside = w.storage.objects.get(metadataKey('lab', second!.id));
  expect(readMetadata(Buffer.from(beside ?? []).toString()).setAside).toMatchObject({ by: 'ana' });

  const [view] = await engine.status('lab');
  await work(w, w.marketplace.machines.get(view?.machine?.instance ?? '')!, 30);
  const fate = (await engine.retention('lab')).find(({ snapshot }) => snapshot.id === second?.id);
  expect(fate).toMatchObject({ stays: true, why: expect.stringContaining('ana went back to an older one') });
  expect([...w.storage.repository('lab').keys()]).toContain(second?.id);
  await stop();
});

test('a wake that is asked for again after its machine was lost goes on from what was saved since, not from the older one', async () => {
  const w = new World();
  const { engine, first, stop } = await asleepAfterTwo(w);
  await engine.wake('lab', { snapshot: first.id, setAside: true }, ANA);
  await w.clock.advance(3 * MINUTE);
  const here = async () => {
    const [view] = await engine.status('lab');
    return w.marketplace.machines.get(view?.machine?.instance ?? '');
  };
  const there = await here();
  expect(there?.files.get('workspace/model.pt')?.content).toBe('first');
  there?.write('workspace/model.pt', 'third');
  await w.clock.advance(12 * MINUTE);
  w.marketplace.vanish(there!.instance);
  await w.clock.advance(30 * MINUTE);
  expect((await here())?.files.get('workspace/model.pt')?.content).toBe('third');
  await stop();
});

/** Two states of one file in two snapshots, and the workspace asleep. */
async function asleepAfterTwo(w: World) {
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/model.pt', 'first');
  await engine.snapshot('lab', { description: 'first' }, ANA);
  await w.clock.advance(2 * MINUTE);
  const [first] = await engine.snapshots('lab');
  machine.write('workspace/model.pt', 'second');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  return { engine, first: first!, stop };
}
