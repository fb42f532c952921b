import { appendFile, copyFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../engine/store/open-store.ts';
import { aMachine } from '../contracts/store-rows.ts';
import { faultyDisk, noSpace } from './faulty-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

const LOG = 'commits-000000000000.log';

describe('a save', () => {
  test('returns and is seen only when it is on disk', async () => {
    await using folder = await temporaryFolder();
    await using store = await openStore(folder.path);
    const asked = Promise.withResolvers<void>();
    const granted = Promise.withResolvers<void>();
    using _disk = await faultyDisk('datasync', async (real) => {
      asked.resolve();
      await granted.promise;
      await real();
    });
    let returned = false;
    const saving = store.save('machines', aMachine()).then(() => {
      returned = true;
    });
    await asked.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(returned).toBe(false);
    expect(await store.read('machines', 'm1')).toBeNull();
    expect(await readFile(join(folder.path, LOG), 'utf8')).toContain('"m1"');
    granted.resolve();
    await saving;
    expect(await store.read('machines', 'm1')).toMatchObject({ version: 1 });
  });

  test('shares its write with those that come meanwhile', async () => {
    await using folder = await temporaryFolder();
    await using store = await openStore(folder.path);
    let syncs = 0;
    using _disk = await faultyDisk('datasync', async (real) => {
      syncs += 1;
      await real();
    });
    await Promise.all(Array.from({ length: 200 }, (_, n) => store.save('machines', aMachine({ id: `m${n}` }))));
    expect(syncs).toBeLessThanOrEqual(2);
    expect(await store.list('machines')).toHaveLength(200);
  });

  test('that finds no space says so, leaves nothing behind, and the next one works', async () => {
    await using folder = await temporaryFolder();
    const store = await openStore(folder.path);
    const kept = await store.save('machines', aMachine());
    {
      using _disk = await faultyDisk('appendFile', async (real, [bytes]) => {
        await real((bytes as Buffer).subarray(0, 100));
        throw noSpace();
      });
      await expect(store.save('machines', { ...kept, why: 'lost' })).rejects.toMatchObject({ code: 'disk_full' });
      await expect(store.save('machines', aMachine({ id: 'm2' }))).rejects.toMatchObject({ code: 'disk_full' });
    }
    expect(await store.list('machines')).toEqual([kept]);
    const next = await store.save('machines', { ...kept, why: 'after' });
    await store[Symbol.asyncDispose]();
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toEqual([next]);
  });

  test('that cannot even be taken back blocks the next ones until it can', async () => {
    await using folder = await temporaryFolder();
    const store = await openStore(folder.path);
    const kept = await store.save('machines', aMachine());
    {
      using _full = await faultyDisk('appendFile', async (real, [bytes]) => {
        await real((bytes as Buffer).subarray(0, 100));
        throw noSpace();
      });
      using _stuck = await faultyDisk('truncate', async () => {
        throw new Error('EIO: i/o error, ftruncate');
      });
      await expect(store.save('machines', kept)).rejects.toMatchObject({ code: 'disk_full' });
    }
    {
      using _stuck = await faultyDisk('truncate', async () => {
        throw new Error('EIO: i/o error, ftruncate');
      });
      await expect(store.save('machines', kept)).rejects.toThrow('EIO');
    }
    const next = await store.save('machines', kept);
    await store[Symbol.asyncDispose]();
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toEqual([next]);
  });
});

describe('a log that ends in the middle of a commit', () => {
  test('is read up to there, at whatever byte it ends, and goes on from there', async () => {
    await using folder = await temporaryFolder();
    const store = await openStore(folder.path);
    const sizes = [0];
    for (let n = 1; n <= 4; n += 1) {
      await store.save('machines', aMachine({ id: `m${n}`, why: 'olá' }));
      sizes.push((await readFile(join(folder.path, LOG))).length);
    }
    await store[Symbol.asyncDispose]();
    await fc.assert(
      fc.asyncProperty(fc.nat(sizes[4]!), fc.boolean(), async (bytes, zeros) => {
        await using copy = await temporaryFolder();
        for (const name of await readdir(folder.path)) await copyFile(join(folder.path, name), join(copy.path, name));
        await truncate(join(copy.path, LOG), bytes);
        if (zeros) await appendFile(join(copy.path, LOG), Buffer.alloc(50));
        const whole = sizes.findLastIndex((size) => size <= bytes);
        {
          await using cut = await openStore(copy.path);
          expect(await cut.list('machines')).toHaveLength(whole);
          await cut.save('machines', aMachine({ id: 'new' }));
        }
        await using again = await openStore(copy.path);
        expect((await again.list('machines')).map(({ id }) => id)).toEqual([
          ...['m1', 'm2', 'm3', 'm4'].slice(0, whole),
          'new',
        ]);
      }),
      { numRuns: 150 },
    );
  });

  test('but a bad line with good ones behind it is damage, and is named', async () => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path);
      for (let n = 1; n <= 3; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    }
    const path = join(folder.path, LOG);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"id":"m2"', '"id":"m9"'));
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'log_damaged',
      facts: { file: path, line: 2, why: 'it does not match its checksum' },
    });
  });

  test('and so is a commit that is missing', async () => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path);
      for (let n = 1; n <= 4; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    }
    const path = join(folder.path, LOG);
    const [first, , , fourth] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${first}\n${fourth}\n`);
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'log_damaged',
      facts: { line: 2, why: 'commits 2 to 3 before it are missing' },
    });
  });
});
