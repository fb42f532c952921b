import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import * as restic from '../../engine/restic/commands.ts';
import { openGate } from '../../engine/storage/gate.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { machineOn, REACH } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';

// Many days, or many starts of restic, on a computer that may be busy.
vi.setConfig({ testTimeout: 120_000 });
const { signal } = new AbortController();
const resticTest = test.skipIf(resticProgram === null);

resticTest(
  'what is forgotten and taken out is gone, what stays is whole, and a fresh machine asks for little',
  async () => {
    await using r2 = await standInForR2();
    await using machine = await machineOn(r2.world);
    const { repositories, workspace, storage, root } = machine;
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      writeFileSync(join(root, 'work', `${i % 3}.py`), `print(${i})`);
      ids.push(await machine.backUp());
    }
    const restored = async (): Promise<number> => {
      r2.counted();
      const order = { ...REACH, snapshot: ids.at(-1)!, folder: '/work', target: join(root, 'back'), only: null };
      const { code, words } = await machine.run(restic.restore(order), true);
      expect([code, words]).toEqual([0, '']);
      rmSync(join(root, 'back'), { recursive: true });
      const { a, b } = r2.counted();
      return a + b;
    };
    const before = await restored();
    await repositories.forget(workspace, [...ids.slice(0, 10), 'f'.repeat(64)], signal);
    await repositories.compact(workspace, signal);
    expect((await repositories.snapshots(workspace, signal)).map(({ id }) => id).toSorted()).toEqual(
      ids.slice(10).toSorted(),
    );
    const indexes = await storage.list(`${repositoryPrefix('lab')}index/`, signal);
    expect(indexes.length).toBe(1);
    expect(await storage.list(`${repositoryPrefix('lab')}locks/`, signal)).toEqual([]);
    expect(await restored()).toBeLessThanOrEqual(before / 2);
    const { lines } = await machine.run(restic.check(REACH, '100%'));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ num_errors: 0 });
    // The machine builds on what stayed: nothing is read or written again.
    writeFileSync(join(root, 'work', '1.py'), 'print("last")');
    await machine.backUp();
  },
);

resticTest('a machine that backs up is not disturbed: the repository is left as it is until later', async () => {
  await using r2 = await standInForR2();
  await using machine = await machineOn(r2.world);
  const { repositories, workspace, storage, root } = machine;
  writeFileSync(join(root, 'work/a'), 'x');
  const first = await machine.backUp();
  // A backup that takes long holds its lock all the while.
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  r2.weather.fault = ({ action, key }) => {
    if (action === 'PutObject' && key.includes('/locks/')) locked.resolve();
    return undefined;
  };
  r2.weather.wait = async ({ action, key }) => {
    if (action === 'PutObject' && key.includes('/index/')) await held.promise;
  };
  writeFileSync(join(root, 'work/a'), 'y');
  const backing = machine.backUp();
  await locked.promise;
  const stop = new AbortController();
  const compacting = repositories.compact(workspace, AbortSignal.any([stop.signal]));
  const during = await Promise.race([compacting.then(() => 'done'), backing.then(() => 'backed up'), pause(1_000)]);
  expect(during).toBe('still waiting');
  held.resolve();
  const second = await backing;
  await compacting;
  expect((await repositories.snapshots(workspace, signal)).map(({ id }) => id).toSorted()).toEqual(
    [first, second].toSorted(),
  );
  expect(await storage.list(`${repositoryPrefix('lab')}locks/`, signal)).toEqual([]);
});

const pause = (ms: number): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('still waiting'), ms));

test('whoever reads comes first: what takes out is stopped, and does not begin', async () => {
  const gate = openGate('lab');
  const told: string[] = [];
  const taking = gate.alone(async (own) => {
    told.push('begins');
    await new Promise((resolve) => own.addEventListener('abort', resolve, { once: true }));
    told.push('has stopped');
    own.throwIfAborted();
  }, signal);
  const failed = expect(taking).rejects.toMatchObject({ code: 'repository_locked' });
  using reading = await gate.read();
  told.push('reads');
  await failed;
  expect(told).toEqual(['begins', 'has stopped', 'reads']);
  const other = gate.alone(async () => void told.push('never'), signal);
  await expect(other).rejects.toMatchObject({ code: 'repository_locked' });
  reading[Symbol.dispose]();
  await gate.alone(async () => void told.push('now'), signal);
  expect(told.at(-1)).toBe('now');
});

resticTest(
  'a repository that was copied inside storage is its new workspace’s own, and builds on nothing new',
  async () => {
    await using r2 = await standInForR2();
    await using machine = await machineOn(r2.world);
    const { repositories, workspace, storage, root } = machine;
    writeFileSync(join(root, 'work', 'a.py'), 'print(1)');
    const id = await machine.backUp();
    for (const object of await storage.list(repositoryPrefix('lab'), signal)) {
      const as = object.key.replace(repositoryPrefix('lab'), repositoryPrefix('copy'));
      await storage.copyFrom(storage, object, { as, replace: false }, signal);
    }
    const copy = { ...workspace, id: 'copy' };
    const own = await repositories.rehost(copy, id, signal);
    expect(await repositories.rehost(copy, id, signal), 'done again it does nothing').toBe(own);
    expect(await repositories.snapshots(copy, signal)).toMatchObject([{ id: own, host: 'copy' }]);
    expect(await repositories.digests(copy, own, ['work/a.py'], signal)).toEqual(
      await repositories.digests(workspace, id, ['work/a.py'], signal),
    );
    expect(await repositories.check(copy, { readData: '100%' }, signal)).toEqual([]);
    expect((await repositories.snapshots(workspace, signal)).map(({ id: one }) => one)).toEqual([id]);
  },
);
