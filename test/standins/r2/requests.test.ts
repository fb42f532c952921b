import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CALLS, restoreCalls } from '../../../engine/policy/plan-price.ts';
import { resticProgram } from '../../restic/which-restic.ts';
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
