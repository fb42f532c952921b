import { spawn } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeLock } from '../../engine/store/lock.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { aMachine } from '../contracts/store-rows.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('the lock of a store', () => {
  test('keeps a second engine out, and names the first', async () => {
    await using folder = await temporaryFolder();
    await using _store = await openStore(folder.path);
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'store_locked',
      facts: { pid: process.pid, folder: folder.path },
    });
  });

  test('is given back when the store is closed, also when it could not be opened', async () => {
    await using folder = await temporaryFolder();
    await (await openStore(folder.path))[Symbol.asyncDispose]();
    await writeFile(join(folder.path, 'state.json'), 'no');
    await expect(openStore(folder.path)).rejects.toMatchObject({ code: 'store_damaged' });
    expect((await readdir(folder.path)).filter((name) => name.startsWith('lock'))).toEqual([]);
  });

  test.each([
    ['a process that has ended', async () => ({ pid: await endedProcess() })],
    ['a process whose id another one has now', async () => ({ pid: process.pid, startedAt: '1' })],
    ['a process from before the computer was restarted', async () => ({ pid: process.pid, boot: 'another' })],
    ['nobody: it is empty after a power cut', async () => null],
  ])('is taken over from %s', async (_name, changes) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'lock');
    const lock = await takeLock(path);
    if ('heldBy' in lock) throw new Error('a new lock was held');
    const holder = JSON.parse(await readFile(path, 'utf8'));
    const change = await changes();
    await writeFile(path, change ? JSON.stringify({ ...holder, token: 'old', ...change }) : '');
    const next = await takeLock(path);
    expect('heldBy' in next).toBe(false);
    expect(await lock.lostTo()).toBe(process.pid);
    expect(await readdir(folder.path)).toEqual(['lock']);
  });

  test('of a dead process goes to one of many', async () => {
    await using folder = await temporaryFolder();
    for (let round = 0; round < 20; round += 1) {
      const path = join(folder.path, `lock-${round}`);
      await writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1', boot: null, token: `old-${round}` }));
      const takes = await Promise.all(Array.from({ length: 8 }, async () => await takeLock(path)));
      expect(takes.filter((lock) => !('heldBy' in lock))).toHaveLength(1);
      expect(takes.filter((lock) => 'heldBy' in lock && lock.heldBy === process.pid)).toHaveLength(7);
    }
    expect((await readdir(folder.path)).length).toBe(20);
  });

  test('removed by hand and taken by another engine, it stops the first from writing', async () => {
    await using folder = await temporaryFolder();
    await using first = await openStore(folder.path);
    const row = await first.save('machines', aMachine());
    await rm(join(folder.path, 'lock'));
    await using second = await openStore(folder.path);
    await second.save('machines', { ...row, why: 'second' });
    await expect(first.save('machines', { ...row, why: 'first' })).rejects.toMatchObject({ code: 'store_locked' });
    expect((await second.read('machines', 'm1'))?.why).toBe('second');
  });

  test('removed by hand and taken by nobody, it is put back', async () => {
    await using folder = await temporaryFolder();
    await using store = await openStore(folder.path);
    await rm(join(folder.path, 'lock'));
    await store.save('machines', aMachine());
    await expect(openStore(folder.path)).rejects.toMatchObject({ code: 'store_locked' });
  });

  test('once closed a store takes no more', async () => {
    await using folder = await temporaryFolder();
    const store = await openStore(folder.path);
    const last = store.save('machines', aMachine());
    const closing = store[Symbol.asyncDispose]();
    await expect(store.save('machines', aMachine({ id: 'm2' }))).rejects.toMatchObject({ code: 'stopping' });
    await closing;
    expect(await last).toMatchObject({ version: 1 });
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toHaveLength(1);
  });
});

async function endedProcess(): Promise<number> {
  const child = spawn('true');
  await new Promise((resolve) => child.on('exit', resolve));
  return child.pid!;
}
