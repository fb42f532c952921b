import { describe, expect, test } from 'vitest';
import type { Engine } from '../../engine/domain/doors.ts';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const statuses = async (engine: Engine) =>
  Object.fromEntries((await engine.backups('lab')).map(({ id, status }) => [id, status]));

/** No backup of its own, so that only what is asked for is seen. */
async function quiet() {
  const w = new World();
  const running = await awake(w);
  running.machine.manners = { ...running.machine.manners, saveMs: 20 * SECOND };
  return { w, ...running };
}

/** Asking storage for the bytes of files takes this long. */
function slowToReadBack(w: World, ms: number): void {
  const files = w.storage.files.bind(w.storage);
  w.storage.files = async (...asked) => {
    await w.clock.sleep(ms, new AbortController().signal);
    return await files(...asked);
  };
}

/** And what is in them comes so slowly. */
function slowDigests(w: World, ms: number): void {
  const digests = w.storage.digests.bind(w.storage);
  w.storage.digests = async (...asked) => {
    await w.clock.sleep(ms, new AbortController().signal);
    return await digests(...asked);
  };
}

/** Its files come slowly. */
function slowToArrive(w: World): void {
  w.marketplace.manners = () => ({ ...PROMPT, completeMs: 2 * MINUTE });
}

async function until(w: World, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return;
    await w.clock.advance(SECOND);
  }
  throw new Error('it never came to that');
}

test('what is asked for waits, is taken, is read back and is there, and a second one waits for it', async () => {
  const { w, engine, stop } = await quiet();
  slowToReadBack(w, 20 * SECOND);
  const first = await engine.snapshot('lab', { description: 'first', tags: ['t'] }, ANA);
  const second = await engine.snapshot('lab', { description: 'second', type: 'FULL' }, ANA);
  await w.clock.advance(10 * SECOND);
  expect(await statuses(engine)).toMatchObject({ [first.id]: 'RUNNING', [second.id]: 'PENDING' });
  expect(await engine.findBackup('lab', second.id)).toMatchObject({
    type: 'FULL',
    description: 'second',
    createdAt: second.at,
  });
  await w.clock.advance(20 * SECOND);
  expect(await statuses(engine)).toMatchObject({ [first.id]: 'VALIDATING', [second.id]: 'PENDING' });
  await w.clock.advance(2 * MINUTE);
  expect(new Set(Object.values(await statuses(engine)))).toEqual(new Set(['COMPLETED']));
  expect(await engine.findBackup('lab', first.id)).toMatchObject({ status: 'COMPLETED', tags: ['t'] });
  await stop();
});

test('the last one before it sleeps is seen as well, and then no more', async () => {
  const { w, engine, stop } = await quiet();
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * SECOND);
  expect((await engine.backups('lab'))[0]).toMatchObject({ status: 'RUNNING', kind: 'automatic', sizeBytes: 0 });
  await w.clock.advance(5 * MINUTE);
  expect(Object.values(await statuses(engine))).not.toContain('RUNNING');
  await stop();
});

test('an engine that is killed in mid-save and in mid-restore leaves no status behind', async () => {
  const { w, engine, machine, stop } = await quiet();
  const { id } = await engine.snapshot('lab', { description: 'half' }, ANA);
  await w.clock.advance(10 * SECOND);
  expect(await statuses(engine)).toMatchObject({ [id]: 'RUNNING' });
  await stop();
  const two = await w.start();
  await w.clock.advance(3 * MINUTE);
  expect(await two.engine.findBackup('lab', id)).toMatchObject({ status: 'COMPLETED', description: 'half' });

  await two.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  slowToArrive(w);
  await two.engine.wake('lab', {}, ANA);
  await until(w, async () => Object.values(await statuses(two.engine)).includes('RESTORING'));
  const [restored] = (await two.engine.backups('lab')).filter(({ status }) => status === 'RESTORING');
  await two.stop();
  expect(
    (await w.store.list('snapshots')).map(({ status }) => status),
    'none is stored',
  ).not.toContain('RESTORING');

  const three = await w.start();
  expect(await statuses(three.engine)).toMatchObject({ [restored!.id]: 'RESTORING' });
  await w.clock.advance(10 * MINUTE);
  expect((await three.engine.status('lab'))[0]?.sight).toBe('awake');
  expect(new Set(Object.values(await statuses(three.engine)))).toEqual(new Set(['COMPLETED']));
  expect(machine.destroyed).toBe(true);
  await three.stop();
});

test('a machine that dies in mid-restore leaves no snapshot that is being restored', async () => {
  const { w, engine, stop } = await quiet();
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  slowToArrive(w);
  await engine.wake('lab', {}, ANA);
  await until(w, async () => Object.values(await statuses(engine)).includes('RESTORING'));
  await engine.hibernate('lab', {}, ANA);
  for (const machine of w.marketplace.machines.values()) machine.vanished = true;
  await w.clock.advance(60 * MINUTE);
  expect(Object.values(await statuses(engine))).not.toContain('RESTORING');
  await stop();
});

test('of each type is what was asked for, and all but a FULL one compare with a parent', async () => {
  const { w, engine, machine, stop } = await quiet();
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  const types = ['FULL', 'INCREMENTAL', 'SNAPSHOT', 'CHECKPOINT'] as const;
  for (const type of types) {
    machine.write('workspace/now', type);
    await engine.snapshot('lab', { description: '', type }, ANA);
    await w.clock.advance(MINUTE);
  }
  const taken = (await engine.snapshots('lab'))
    .filter(({ kind }) => kind === 'manual')
    .toReversed()
    .slice(1);
  expect(taken.map(({ type }) => type)).toEqual(types);
  expect(taken.map(({ parent }) => parent !== null)).toEqual([false, true, true, true]);
  await stop();
});

describe('one that comes to nothing stays in the list, with its reason', () => {
  const failed = async (engine: Engine) => (await engine.backups('lab')).filter(({ status }) => status === 'FAILED');

  test('what somebody asked for, at the place where they did', async () => {
    const { w, engine, machine, stop } = await quiet();
    machine.write('workspace/train.py', 'print(1)');
    await engine.snapshot('lab', { description: 'before' }, ANA);
    await w.clock.advance(MINUTE);
    w.storage.rots = true;
    const { id, at } = await engine.snapshot('lab', { description: 'rotten', type: 'FULL', tags: ['t'] }, ANA);
    await w.clock.advance(MINUTE);
    w.storage.rots = false;
    await engine.snapshot('lab', { description: 'after' }, ANA);
    await w.clock.advance(MINUTE);
    expect(await engine.findBackup('lab', id)).toMatchObject({
      id,
      status: 'FAILED',
      type: 'FULL',
      kind: 'manual',
      tags: ['t'],
      createdAt: at,
      completedAt: expect.any(Number),
      errorMessage: expect.stringContaining('differ'),
    });
    expect((await engine.backups('lab')).map(({ description }) => description).filter(Boolean)).toEqual([
      'after',
      'rotten',
      'before',
    ]);
    expect(await engine.findBackup('lab', id.slice(0, -1)), 'as lists show it').toMatchObject({ id, status: 'FAILED' });
    await expect(engine.findSnapshot('lab', id)).rejects.toMatchObject({
      code: 'snapshot_failed',
      facts: { why: expect.stringContaining('differ') },
    });
    expect(
      (await engine.snapshots('lab')).map((it) => it.id),
      'nothing starts from it',
    ).not.toContain(id);
    await stop();
  });

  test('those that its machine takes, until one succeeds', async () => {
    const { w, engine, machine, stop } = await quiet();
    machine.write('workspace/a', 'first');
    w.storage.down = 'no route';
    await w.clock.advance(20 * MINUTE);
    expect(await failed(engine)).toMatchObject([
      {
        kind: 'automatic',
        machine: (await engine.status('lab'))[0]!.machine!.id,
        errorMessage: 'storage does not answer',
        createdAt: expect.any(Number),
      },
    ]);
    w.storage.down = null;
    await w.clock.advance(20 * MINUTE);
    expect(await failed(engine)).toEqual([]);
    await stop();
  });

  test('the last one before it would sleep, while it stays awake for that', async () => {
    const { w, engine, machine, stop } = await quiet();
    machine.write('workspace/train.py', 'print(1)');
    w.storage.rots = true;
    await engine.hibernate('lab', {}, ANA);
    await w.clock.advance(20 * SECOND);
    await until(w, async () => (await failed(engine)).length > 0);
    expect(await failed(engine)).toMatchObject([
      { kind: 'automatic', errorMessage: expect.stringContaining('differ') },
    ]);
    w.storage.rots = false;
    await w.clock.advance(30 * MINUTE);
    expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
    expect(await failed(engine)).toEqual([]);
    await stop();
  });
});

test('a last save whose files take forty minutes to come back is still proved', async () => {
  const { w, engine, machine, stop } = await quiet();
  machine.write('workspace/model.safetensors', 'large');
  slowDigests(w, 40 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(60 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'save.failed')).toEqual([]);
  expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
  await stop();
});
