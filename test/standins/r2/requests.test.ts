import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { upkeep } from '../../../engine/backups/upkeep.ts';
import type { Ports } from '../../../engine/domain/ports.ts';
import { CALLS, restoreCalls, sumCalls } from '../../../engine/policy/plan-price.ts';
import { createBell } from '../../../engine/process/bell.ts';
import { FakeJournals } from '../../fakes/store.ts';
import { resticProgram } from '../../restic/which-restic.ts';
import { DAY_MS, vaulted } from '../../storage/vault-world.ts';
import { machineOn } from './machine.ts';
import { standInForR2 } from './r2.ts';

const { signal } = new AbortController();

test.skipIf(resticProgram === null)('a backup costs the calls that the price of a plan counts', async () => {
  await using r2 = await standInForR2();
  await using machine = await machineOn(r2.world);
  const { repositories, workspace } = machine;
  const work = join(machine.root, 'work/some/folders');
  mkdirSync(work, { recursive: true });
  for (let i = 0; i < 100; i++) writeFileSync(join(work, `${i}.py`), `print(${i})\n`.repeat(100));
  await machine.backUp();

  writeFileSync(join(work, '7.py'), 'changed');
  r2.counted();
  const id = await machine.backUp();
  const restic = r2.counted();
  expect(restic).toEqual({ a: 9, b: 3, free: 1 });
  expect(CALLS.machine, "restic's own, and the manifest").toEqual({ a: restic.a + 1, b: restic.b });

  await repositories.snapshot(workspace, id, signal);
  const found = r2.counted();
  expect(found.a).toBe(CALLS.entered.a - 2); // and the manifest and the metadata, written
  expect(found.b).toBeLessThanOrEqual(CALLS.entered.b); // the manifest is read besides, the configuration only once
  await repositories.files(workspace, id, signal);
  await repositories.digests(workspace, id, ['work/some/folders/7.py', 'work/some/folders/8.py'], signal);
  const compared = r2.counted();
  expect(compared.a).toBe(CALLS.compared.a);
  expect(compared.b).toBeLessThanOrEqual(CALLS.compared.b);
  await repositories.headStart(workspace, id, signal);
  const left = r2.counted();
  expect(CALLS.headStart, 'read, and written').toEqual({ a: left.a + 1, b: left.b });
  expect(r2.dollars({ a: 1_000_000, b: 1_000_000, free: 5 })).toBeCloseTo(4.86);
});

test.skipIf(resticProgram === null)('a restore costs the calls that are counted for it', async () => {
  await using r2 = await standInForR2();
  await using machine = await machineOn(r2.world);
  for (const megabytes of [0, 100]) {
    const work = join(machine.root, `work/of-${megabytes}`);
    mkdirSync(work, { recursive: true });
    for (let i = 0; i < 20; i++) writeFileSync(join(work, `${i}.bin`), randomBytes(megabytes * 50_000));
    const id = await machine.backUp();
    r2.counted();
    await machine.run(['restore', `${id}:work`, '--target', join(machine.root, `back-${megabytes}`)], true);
    const { a, b } = r2.counted();
    const counted = restoreCalls(megabytes * 1e6);
    expect(a).toBe(counted.a);
    expect(b, `of ${megabytes} MB`).toBeLessThanOrEqual(counted.b);
    expect(b, `of ${megabytes} MB`).toBeGreaterThanOrEqual(counted.b - 3);
  }
});

test.skipIf(resticProgram === null)(
  'what the control host asks for by itself costs the calls that are counted for it',
  async () => {
    await using w = await vaulted();
    const { machine, store, r2 } = w;
    const clock = {
      now: () => Date.now() + w.clock.aheadMs,
      sleep: (_: number, over: AbortSignal) =>
        new Promise<void>((_, fail) => over.addEventListener('abort', () => fail(over.reason as Error))),
    };
    const besides = {
      clock,
      bell: createBell(clock),
      heartbeats: { latest: () => null },
      journals: new FakeJournals(),
    };
    const ports = { ...w.ports, ...besides } as unknown as Ports;
    await store.save('workspaces', { ...machine.workspace, version: 0 });
    const backUp = async (files: Readonly<Record<string, string>>): Promise<void> => {
      const at = Date.now();
      await store.save('snapshots', { ...(await w.backUp(files)), kind: 'manual', createdAt: at, completedAt: at });
    };
    await backUp(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}.py`, `print(${i})\n`.repeat(100)])));
    await upkeep('lab', ports, signal);

    await w.backUp({ '7.py': 'changed' });
    r2.counted();
    const { copied } = await w.copy();
    const { a, b } = r2.counted();
    expect({ a: a - copied + FORGET_LISTS, b }).toEqual(CALLS.vaulted);
    await machine.repositories.check(machine.workspace, { readData: '1%' }, signal);
    const checked = r2.counted();
    expect(checked.a).toBe(CALLS.checked.a);
    expect(checked.b).toBeLessThanOrEqual(CALLS.checked.b);

    await upkeep('lab', ports, signal);
    w.clock.aheadMs += DAY_MS - 60_000;
    r2.counted();
    await upkeep('lab', { ...ports, vaults: [] }, signal);
    expect(r2.counted(), 'nothing is due').toEqual({ ...CALLS.kept, free: 0 });
    w.clock.aheadMs += DAY_MS + 60_000;
    await upkeep('lab', ports, signal);
    const day = r2.counted();
    const counted = sumCalls([CALLS.kept, CALLS.vaultSeen, CALLS.checked]);
    expect(day.a).toBe(counted.a);
    expect(day.b).toBeLessThanOrEqual(counted.b);
    expect(day.b).toBeGreaterThanOrEqual(counted.b - 5);
  },
);

/** What has gone from the vault is looked for besides. */
const FORGET_LISTS = 1;
