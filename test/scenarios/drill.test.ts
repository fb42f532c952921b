import { expect, test } from 'vitest';
import type { Engine } from '../../engine/domain/doors.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

/** A workspace that sleeps, with two snapshots of different content. */
async function asleep(w: World) {
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await engine.snapshot('lab', { description: 'the first' }, ANA);
  await w.clock.advance(MINUTE);
  machine.write('workspace/train.py', 'print(2)');
  machine.write('workspace/more.py', 'print(3)');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [newest, first] = await engine.snapshots('lab');
  return { engine, stop, newest: newest!, first: first! };
}

async function drilled(w: World, engine: Engine, snapshot: string | null) {
  const { id } = await engine.drill('lab', { snapshot }, ANA);
  await w.clock.advance(10 * SECOND);
  return (await engine.operation(id)).outcome;
}

const toldOf = (w: World, event: string) => w.told.filter((one) => one.event === event);

test('a drill that somebody asks for restores the newest snapshot, or the named one, and says how long that takes', async () => {
  const w = new World();
  const { engine, stop, newest, first } = await asleep(w);
  expect(await drilled(w, engine, null)).toMatchObject({
    ok: true,
    say: expect.stringMatching(/^Snapshot [0-9a-f]{8} came back in 1.0 s: 2 files are as they were\.$/),
    facts: { snapshot: newest.id, bytes: expect.any(Number), p50Ms: 1_000, p95Ms: 1_000, samples: 2 },
  });
  expect(await drilled(w, engine, first.id.slice(0, 8))).toMatchObject({
    say: expect.stringContaining('1 files are as they were'),
  });
  expect((await engine.drills('lab')).all.map(({ snapshot }) => snapshot)).toEqual([first.id, newest.id, newest.id]);
  expect((await w.journals.read('audit', 0)).filter(({ verb }) => verb === 'drill')).toHaveLength(2);
  await stop();
});

test('one that finds other bytes says so and raises the alert, which the next good one of the newest resolves', async () => {
  const w = new World();
  const { engine, stop, newest, first } = await asleep(w);
  w.storage.rots = true;
  expect(await drilled(w, engine, null)).toMatchObject({
    ok: false,
    code: 'restore_differs',
    say: expect.stringContaining('2 of 2 files are not as they were: '),
  });
  await w.clock.advance(5 * MINUTE);
  expect(toldOf(w, 'alert.raised')).toMatchObject([{ kind: 'drill_failed' }]);
  w.storage.rots = false;
  expect(await drilled(w, engine, first.id)).toMatchObject({ ok: true });
  await w.clock.advance(5 * MINUTE);
  expect(toldOf(w, 'alert.resolved'), 'an old one proves nothing of the newest').toEqual([]);
  expect(await drilled(w, engine, newest.id)).toMatchObject({ ok: true });
  await w.clock.advance(5 * MINUTE);
  expect(toldOf(w, 'alert.resolved')).toMatchObject([{ kind: 'drill_failed' }]);
  await stop();
});

test('where there is nothing to try, no room for it, or the snapshot went meanwhile, it says so', async () => {
  const w = new World();
  const { engine, stop, newest, first } = await asleep(w);
  await engine.create('new', {}, ANA);
  await expect(engine.drill('new', { snapshot: null }, ANA)).rejects.toMatchObject({ code: 'no_good_snapshot' });
  await expect(engine.drill('lab', { snapshot: 'ffff' }, ANA)).rejects.toMatchObject({ code: 'no_such_snapshot' });
  const { restoreHere } = w.storage;
  w.storage.restoreHere = async () => {
    throw new Failure('disk_full', { what: 'reading a repository', why: 'ENOSPC' });
  };
  expect(await drilled(w, engine, newest.id)).toMatchObject({ ok: false, code: 'disk_full' });
  w.storage.restoreHere = restoreHere;
  const { id } = await engine.drill('lab', { snapshot: first.id }, ANA);
  await w.store.remove('snapshots', first);
  await w.clock.advance(10 * SECOND);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'no_such_snapshot' });
  await stop();
});

test('storage that does not answer is asked again, by the next engine too', async () => {
  const w = new World();
  const { engine, stop } = await asleep(w);
  const { restoreHere } = w.storage;
  w.storage.restoreHere = async () => {
    throw new Failure('storage_down', { why: 'no answer' });
  };
  const { id } = await engine.drill('lab', { snapshot: null }, ANA);
  await w.clock.advance(10 * SECOND);
  expect((await engine.operation(id)).endedAt).toBeNull();
  await stop();
  w.storage.restoreHere = restoreHere;
  const next = await w.start();
  await w.clock.advance(MINUTE);
  expect((await next.engine.operation(id)).outcome).toMatchObject({ ok: true });
  await next.stop();
});
