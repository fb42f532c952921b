import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS, type Migration } from '../../engine/store/migrations.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { aMachine, aWorkspace, ONE_OF_EACH } from '../contracts/store-rows.ts';
import { faultyDisk, noSpace } from './faulty-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('the snapshot', () => {
  test('takes the log in when it has grown, and keeps the one before it with its log', async () => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path, { foldBytes: 5_000 });
      for (let n = 1; n <= 30; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    }
    const names = (await readdir(folder.path)).sort();
    expect(names.filter((name) => name.startsWith('commits'))).toHaveLength(2);
    expect(names.filter((name) => name.startsWith('state'))).toEqual(['state.json', 'state.json.previous']);
    expect(names.filter((name) => name.startsWith('lock') || name.endsWith('draft'))).toEqual([]);
    await using again = await openStore(folder.path);
    expect((await again.list('machines')).map(({ id }) => id)).toEqual(
      Array.from({ length: 30 }, (_, n) => `m${n + 1}`),
    );
  });

  test('damaged, it is refused by name; the previous one in its place loses nothing', async () => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path, { foldBytes: 5_000 });
      for (let n = 1; n <= 30; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    }
    const path = join(folder.path, 'state.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 700));
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'store_damaged',
      facts: { file: path, previous: `${path}.previous` },
    });
    await rename(`${path}.previous`, path);
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toHaveLength(30);
  });

  test.each([
    [
      'a row that is not ours',
      (text: string) => text.replace('"state":"renting"', '"state":"flying"'),
      'machines m1: state',
    ],
    [
      'a kind that is not ours',
      (text: string) => text.replace('"machines"', '"engines"'),
      '"engines", which is no kind',
    ],
    ['a row without an id', (text: string) => text.replace('{"id":"m1",', '{'), 'id'],
    ['nothing', () => '', 'JSON'],
    ['zeros', (text: string) => '\0'.repeat(text.length), 'JSON'],
  ])('with %s in it, it is refused', async (_name, damage, why) => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path, { foldBytes: 1 });
      await store.save('machines', aMachine());
    }
    const path = join(folder.path, 'state.json');
    await writeFile(path, damage(await readFile(path, 'utf8')));
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'store_damaged',
      facts: { file: path, why: expect.stringContaining(why) },
    });
  });

  test('gone, it is not taken for a new store', async () => {
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path);
      await store.save('machines', aMachine());
    }
    const path = join(folder.path, 'state.json');
    await rm(path);
    await expect(openStore(folder.path)).rejects.toMatchObject({ code: 'store_damaged' });
    await copyFile(`${path}.previous`, path);
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toHaveLength(1);
  });

  test('that finds no space costs nobody a save; it is said and tried again', async () => {
    await using folder = await temporaryFolder();
    const said: string[] = [];
    const store = await openStore(folder.path, { foldBytes: 5_000, log: (event) => said.push(event) });
    {
      using _disk = await faultyDisk('writeFile', async () => {
        throw noSpace();
      });
      for (let n = 1; n <= 20; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    }
    expect(said.length).toBeGreaterThanOrEqual(2);
    expect(new Set(said)).toEqual(new Set(['store.folding_failed']));
    for (let n = 21; n <= 26; n += 1) await store.save('machines', aMachine({ id: `m${n}` }));
    await store[Symbol.asyncDispose]();
    const path = join(folder.path, 'state.json');
    expect(JSON.parse(await readFile(path, 'utf8')).commit).toBeGreaterThan(20);
    expect(JSON.parse(await readFile(`${path}.previous`, 'utf8')).commit).toBe(0);
    await rename(`${path}.previous`, path); // and every log that leads on from there is still kept
    await using again = await openStore(folder.path);
    expect(await again.list('machines')).toHaveLength(26);
  });

  test('gets its name only when it is on disk', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'state.json');
    const store = await openStore(folder.path, { foldBytes: 1 });
    const synced: string[] = [];
    {
      using _disk = await faultyDisk('sync', async (real, _given, file) => {
        await real();
        const { commit } = JSON.parse(await readFile(path, 'utf8'));
        const logs = (await readdir(folder.path)).filter((name) => name.startsWith('commits')).length;
        synced.push(`${(await file.stat()).isDirectory() ? 'folder' : 'file'}: commit ${commit}, ${logs} logs`);
      });
      await store.save('machines', aMachine());
      await store[Symbol.asyncDispose]();
    }
    expect(synced).toEqual([
      'folder: commit 0, 2 logs', // a new log
      'file: commit 0, 2 logs', // the new snapshot
      'folder: commit 0, 2 logs', // the old one's second name
      'folder: commit 1, 2 logs', // the new one's name
    ]);
  });
});

describe('a schema', () => {
  test('of the first days is brought to this one, once', async () => {
    await using folder = await temporaryFolder();
    await copyFile(join(import.meta.dirname, 'samples/state-v0.json'), join(folder.path, 'state.json'));
    for (const _ of ['first start', 'second start']) {
      await using store = await openStore(folder.path);
      expect(await store.read('workspaces', 'lab')).toMatchObject({
        version: 7,
        epoch: 3,
        wish: { want: 'awake', need: {}, capDollars: null, abandon: null },
      });
      expect(await store.read('machines', 'm1')).toMatchObject({ state: 'running', stirredAt: null, held: null });
    }
    const state = JSON.parse(await readFile(join(folder.path, 'state.json'), 'utf8'));
    expect(state).toMatchObject({ schema: MIGRATIONS.length, commit: 0 });
    const previous = JSON.parse(await readFile(join(folder.path, 'state.json.previous'), 'utf8'));
    expect(previous.schema).toBeUndefined();
  });

  test('brings bills that knew one price only to those that know parts', async () => {
    await using folder = await temporaryFolder();
    const { bills, 'storage-bills': stored } = ONE_OF_EACH;
    const without = (row: object, ...keys: readonly string[]): object =>
      Object.fromEntries(Object.entries(row).filter(([key]) => !keys.includes(key)));
    const pieces = bills.pieces.map((piece) => without(piece, 'part'));
    const bill = { ...without(bills, 'stoppedDollarsPerHour', 'stopped', 'traffic'), pieces, chargedUntil: 5 };
    const rows = { bills: [bill], 'storage-bills': [{ ...without(stored, 'calls', 'vaultObjects'), backups: 3 }] };
    await writeFile(join(folder.path, 'state.json'), JSON.stringify({ schema: 10, commit: 0, rows }));
    await using store = await openStore(folder.path);
    expect(await store.read('bills', 'm1')).toMatchObject({
      pieces: [{ part: 'gpu', micro: 1 }],
      chargedUntil: { gpu: 5 },
      stopped: false,
    });
    expect(await store.read('storage-bills', 'lab')).toMatchObject({ calls: { a: 42, b: 21 } });
  });

  test('that is newer than ours is left alone', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'state.json');
    await writeFile(path, '{"schema":99,"commit":0,"rows":{}}');
    await expect(openStore(folder.path)).rejects.toMatchObject({
      code: 'store_too_new',
      facts: { file: path, found: 99, known: MIGRATIONS.length },
    });
    expect(await readFile(path, 'utf8')).toBe('{"schema":99,"commit":0,"rows":{}}');
  });

  test('changes in order, at the same point of history whichever snapshot it starts from', async () => {
    const ran: string[] = [];
    const rewrite =
      (name: string, change: (owner: string) => string): Migration =>
      (rows) => {
        ran.push(name);
        for (const row of rows.get('workspaces')?.values() ?? []) row.owner = change(String(row.owner));
      };
    const shout = rewrite('shout', (owner) => `${owner}!`);
    const double = rewrite('double', (owner) => `${owner}${owner}`);
    await using folder = await temporaryFolder();
    {
      await using store = await openStore(folder.path, { migrations: [] });
      await store.save('workspaces', aWorkspace({ id: 'old', owner: 'a' }));
    }
    {
      await using store = await openStore(folder.path, { migrations: [shout, double] });
      expect((await store.read('workspaces', 'old'))?.owner).toBe('a!a!');
      await store.save('workspaces', aWorkspace({ id: 'new', owner: 'b' }));
    }
    expect(ran).toEqual(['shout', 'double']);
    await rename(join(folder.path, 'state.json.previous'), join(folder.path, 'state.json'));
    await using again = await openStore(folder.path, { migrations: [shout, double] });
    expect((await again.list('workspaces')).map(({ owner }) => owner)).toEqual(['a!a!', 'b']);
  });
});
