import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { paidFor } from '../../engine/domain/ledger.ts';
import { openJournals } from '../../engine/store/open-journals.ts';
import { aBoot, aCharge, journalsContract } from '../contracts/journals.ts';
import { faultyDisk, noSpace } from './faulty-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

journalsContract('files a month', async () => {
  const folder = await temporaryFolder();
  let journals = await openJournals(folder.path);
  return {
    journals,
    async reopened() {
      await journals[Symbol.asyncDispose]();
      journals = await openJournals(folder.path);
      return journals;
    },
    async [Symbol.asyncDispose]() {
      await journals[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

const FILE = 'boots-2026-08.jsonl';

describe('a journal file', () => {
  test('is named for the month of its entries in UTC', async () => {
    await using folder = await temporaryFolder();
    await using journals = await openJournals(folder.path);
    await journals.append('boots', aBoot({ at: Date.UTC(2026, 7, 31, 23, 59, 59) }));
    await journals.append('boots', aBoot({ at: Date.UTC(2026, 8, 1) }));
    expect((await readdir(folder.path)).sort()).toEqual(['boots-2026-08.jsonl', 'boots-2026-09.jsonl']);
  });

  test.each([
    ['in the middle of a line', async (path: string, size: number) => await truncate(path, size - 20)],
    ['right before the end of a line', async (path: string, size: number) => await truncate(path, size - 1)],
    [
      'with a line of zeros',
      async (path: string, size: number) => {
        await truncate(path, size - 60);
        await appendFile(path, `${'\0'.repeat(59)}\n`);
      },
    ],
  ])('that a crash ended %s is read without that line, and goes on behind the whole ones', async (_name, tear) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, FILE);
    {
      await using journals = await openJournals(folder.path);
      for (const machine of ['m1', 'm2', 'm3'])
        await journals.append('boots', aBoot({ machine, why: 'é'.repeat(200) }));
    }
    await tear(path, (await readFile(path)).length);
    await using journals = await openJournals(folder.path);
    const machines = async () => (await journals.read('boots', 0)).map(({ machine }) => machine);
    expect((await machines()).slice(0, 2)).toEqual(['m1', 'm2']);
    await journals.append('boots', aBoot({ machine: 'm4' }));
    expect(await machines()).toEqual(['m1', 'm2', 'm4']);
  });

  test('that is one torn line longer than what is looked at first begins anew', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, FILE), 'x'.repeat(300_000));
    await using journals = await openJournals(folder.path);
    await journals.append('boots', aBoot({ why: 'y'.repeat(200_000) }));
    await using again = await openJournals(folder.path);
    await again.append('boots', aBoot());
    expect(await again.read('boots', 0)).toHaveLength(2);
  });

  test('with a bad line that has others behind it is damaged, and the line is named', async () => {
    await using folder = await temporaryFolder();
    await using journals = await openJournals(folder.path);
    for (const machine of ['m1', 'm2', 'm3']) await journals.append('boots', aBoot({ machine }));
    const path = join(folder.path, FILE);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"machine":"m2"', '"machine":2'));
    await expect(journals.read('boots', 0)).rejects.toMatchObject({
      code: 'journal_damaged',
      facts: { file: path, line: 2, why: 'it is no entry of boots' },
    });
    expect(await journals.read('boots', Date.UTC(2026, 8, 1))).toEqual([]);
  });

  test('on a full disk says so, keeps what it has, and takes the next entry when there is space', async () => {
    await using folder = await temporaryFolder();
    await using journals = await openJournals(folder.path);
    await journals.append('boots', aBoot({ machine: 'm1' }));
    {
      using _disk = await faultyDisk('appendFile', async (real, [bytes]) => {
        await real((bytes as Buffer).subarray(0, 30));
        throw noSpace();
      });
      await expect(journals.append('boots', aBoot({ machine: 'm2' }))).rejects.toMatchObject({ code: 'disk_full' });
    }
    await journals.append('boots', aBoot({ machine: 'm3' }));
    expect((await journals.read('boots', 0)).map(({ machine }) => machine)).toEqual(['m1', 'm3']);
  });

  test('is on disk when the append returns, and many appends share one write', async () => {
    await using folder = await temporaryFolder();
    await using journals = await openJournals(folder.path);
    let syncs = 0;
    using _disk = await faultyDisk('datasync', async (real) => {
      await real();
      syncs += 1;
    });
    await journals.append('boots', aBoot());
    expect(syncs).toBe(1);
    await Promise.all(Array.from({ length: 100 }, () => journals.append('boots', aBoot())));
    expect(syncs).toBe(2);
  });

  test('closed, it takes no more', async () => {
    await using folder = await temporaryFolder();
    const journals = await openJournals(folder.path);
    const last = journals.append('boots', aBoot());
    await journals[Symbol.asyncDispose]();
    expect(await readFile(join(folder.path, FILE), 'utf8')).toContain('\n');
    await last;
    await expect(journals.append('boots', aBoot())).rejects.toMatchObject({ code: 'stopping' });
    expect(await journals.read('boots', 0)).toHaveLength(1);
  });
});

describe('what the ledger adds up to', () => {
  const FIRST = 'ledger-2026-07';
  const paid = async (folder: string): Promise<Record<string, number>> => {
    await using journals = await openJournals(folder);
    const found: Record<string, number> = {};
    for await (const { workspace, owner, days } of journals.sums({ from: 0, until: Number.POSITIVE_INFINITY }))
      found[`${workspace} ${owner}`] = days.reduce((sum, day) => sum + paidFor(day), 0);
    return found;
  };
  const enter = async (folder: string, ...charges: readonly Parameters<typeof aCharge>[0][]): Promise<void> => {
    await using journals = await openJournals(folder);
    for (const charge of charges) await journals.append('ledger', aCharge(charge));
  };
  /** What it says besides is wrong as well: whoever believes it shows that. */
  const edit = async (path: string, what: RegExp, to: string): Promise<void> => {
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(what, to).replaceAll(/,\d{6},/g, ',111111,'));
  };
  const july = { at: Date.UTC(2026, 6, 3), from: Date.UTC(2026, 6, 1), until: Date.UTC(2026, 6, 3) };

  test.each([
    ['is missing', async (path: string) => await rm(path)],
    ['is torn', async (path: string) => await truncate(path, 90)],
    ['is no such file at all', async (path: string) => await writeFile(path, 'ana was here\n')],
    ['is of a ledger that was longer', async (path: string) => await edit(path, /"bytes":\d+/, '"bytes":9999999')],
    ['was written in another way', async (path: string) => await edit(path, /"schema":\d+/, '"schema":1')],
  ])('is made from its entries anew where the file %s', async (_, harm) => {
    await using folder = await temporaryFolder();
    await enter(folder.path, july, { ...july, id: 'b', owner: 'joão "j",[1]' }, { ...july, id: 'c', micro: 5 });
    await enter(folder.path, { id: 'd', micro: 7 });
    const before = await paid(folder.path);
    expect(before).toEqual({ 'lab ana': 400_012, 'lab joão "j",[1]': 400_000 });
    await harm(join(folder.path, `${FIRST}.sums`));
    expect(await paid(folder.path)).toEqual(before);
    expect(await readFile(join(folder.path, `${FIRST}.sums`), 'utf8')).toContain('"lab","ana",[');
  });

  test('takes up what came since, and reads no entry that is in it', async () => {
    await using folder = await temporaryFolder();
    await enter(folder.path, july, { id: 'x', micro: 1 });
    await paid(folder.path);
    // Same length, other amount: whoever reads it shows that.
    const path = join(folder.path, `${FIRST}.jsonl`);
    await writeFile(path, (await readFile(path, 'utf8')).replace('400000', '999999'));
    await enter(folder.path, { ...july, id: 'late', micro: 30 }, { ...july, id: 'new', workspace: 'a' });
    expect(await paid(folder.path)).toEqual({ 'a ana': 400_000, 'lab ana': 400_031 });
    expect(await paid(folder.path)).toEqual({ 'a ana': 400_000, 'lab ana': 400_031 });
  });
});
