import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { besidePrefix } from '../../engine/domain/layout.ts';
import { FakeStore } from '../fakes/store.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

/** The rows as they are now, as a copy of the disk has them. */
async function copyOf(store: FakeStore): Promise<FakeStore> {
  const copy = new FakeStore();
  for (const kind of ['workspaces', 'machines', 'races', 'snapshots', 'operations', 'upkeep', 'alerts'] as const)
    for (const row of await store.list(kind)) await copy.save(kind, { ...structuredClone(row), version: 0 });
  return copy;
}

/** Lab was copied away after its first snapshot, and then hibernated, woken and saved once more. */
async function rolledBack() {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/code.py', 'first');
  await engine.snapshot('lab', { description: 'first' }, ANA);
  await w.clock.advance(MINUTE);
  const old = await copyOf(w.store);
  machine.write('workspace/code.py', 'second');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const [view] = await engine.status('lab');
  const now = w.marketplace.machines.get(view?.machine?.instance ?? '')!;
  now.write('workspace/code.py', 'third');
  await engine.snapshot('lab', { description: 'third' }, ANA);
  await w.clock.advance(MINUTE);
  const whole = await w.store.list('snapshots');
  await stop();
  return { w, old, now, whole };
}

test('a store that was put back from an old copy is noticed: the engine only adopts, and nothing newer is lost', async () => {
  const { w, old, now, whole } = await rolledBack();
  const running = await w.start((ports) => ({ ...ports, store: old }));
  const engine = running.engine;
  await w.clock.advance(SECOND);
  const [alert] = (await engine.alerts(null)).filter(({ kind }) => kind === 'recovered');
  expect(alert).toMatchObject({
    resolvedAt: null,
    why: expect.stringMatching(
      /^The store is older than what storage has: storage has snapshot number \d+ of lab, and the store counts to \d+\.$/,
    ),
  });
  await expect(engine.wake('lab', {}, ANA)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  await expect(engine.destroy('lab', { purge: true }, ANA)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  expect(new Set((await old.list('snapshots')).map(({ id }) => id))).toEqual(new Set(whole.map(({ id }) => id)));
  const newest = whole.toSorted((a, b) => b.epoch - a.epoch || b.sequence - a.sequence)[0];
  expect((await engine.status('lab'))[0]?.newest?.id).toBe(newest?.id);
  await w.clock.advance(20 * MINUTE);
  expect(now.destroyed, 'somebody works on it').toBe(false);

  await running.stop();
  const again = await w.start((ports) => ({ ...ports, store: old }));
  await w.clock.advance(SECOND);
  await expect(again.engine.wake('lab', {}, ANA), 'through a restart').rejects.toMatchObject({
    code: 'recovery_unconfirmed',
  });
  await again.engine.confirmRecovery(ANA);
  await w.clock.advance(30 * MINUTE);
  await again.engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [view] = await again.engine.status('lab');
  const machine = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(machine?.files.get('workspace/code.py')?.content).toBe('third');
  await again.stop();
});

test('a store that is whole is no such store, whatever an engine that was killed had described already', async () => {
  const { w } = await rolledBack();
  const { engine, stop } = await w.start();
  await w.clock.advance(MINUTE);
  expect(await engine.alerts(null)).toEqual([]);
  const row = (await w.store.list('snapshots')).at(-1)!;
  await stop();
  await w.store.remove('snapshots', row); // described beside the data, and its row not written yet
  const again = await w.start();
  await w.clock.advance(MINUTE);
  expect(await again.engine.alerts(null)).toEqual([]);
  await again.stop();
});

const silent = async (): Promise<never> => {
  throw new Failure('storage_down', { why: 'for a while' });
};

test.each([
  ['is down', silent],
  ['answers late', (w: World) => w.clock.sleep(10 * MINUTE, new AbortController().signal).then(silent)],
])(
  'storage that %s at the start keeps the engine from no machine, and is asked until it answers',
  async (_, answer) => {
    const { w, old } = await rolledBack();
    const list = w.storage.list.bind(w.storage);
    w.storage.list = (prefix) => (prefix === besidePrefix('lab') ? answer(w) : list(prefix));
    const { engine, stop } = await w.start((ports) => ({ ...ports, store: old }));
    await engine.create('other', {}, ANA);
    await engine.wake('other', {}, ANA);
    await w.clock.advance(4 * MINUTE);
    expect((await engine.status('other'))[0]?.sight).toBe('awake');
    expect(await engine.alerts(null)).not.toContainEqual(expect.objectContaining({ kind: 'recovered' }));
    w.storage.list = list;
    await w.clock.advance(12 * MINUTE);
    expect(await engine.alerts(null)).toContainEqual(expect.objectContaining({ kind: 'recovered', resolvedAt: null }));
    await stop();
  },
);
