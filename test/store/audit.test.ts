import { createHmac } from 'node:crypto';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournals } from '../../engine/store/open-journals.ts';
import { temporaryFolder } from './temporary-folder.ts';

const mark = (text: string): string => createHmac('sha256', 'a key').update(text).digest('base64url');
const OCTOBER = Date.UTC(2026, 9, 31, 23, 59);
const deed = (at: number, verb: string) => ({
  at,
  by: 'ana',
  verb,
  on: 'lab',
  result: 'done',
  why: '',
  from: '192.0.2.1',
});

/** Four deeds in two months, through a restart. */
async function written(path: string) {
  await using first = await openJournals(path, mark);
  await first.append('audit', deed(OCTOBER, 'create'));
  await first.append('audit', deed(OCTOBER + 1, 'wake'));
  await first[Symbol.asyncDispose]();
  await using second = await openJournals(path, mark);
  await second.append('audit', deed(OCTOBER + 120_000, 'hibernate'));
  await Promise.all([
    second.append('audit', deed(OCTOBER + 2, 'keep')),
    second.append('audit', deed(OCTOBER + 180_000, 'share')),
  ]);
}
const verify = async (path: string) => {
  await using journals = await openJournals(path, mark);
  return await journals.verify();
};

test('what was written is whole, through a restart and into the next month', async () => {
  await using folder = await temporaryFolder();
  expect(await verify(folder.path)).toEqual({ entries: 0, head: null, broken: null });
  await written(folder.path);
  expect(await verify(folder.path)).toMatchObject({ entries: 5, broken: null, head: expect.any(String) });
  await using journals = await openJournals(folder.path, mark);
  expect((await journals.read('audit', 0)).map(({ verb }) => verb)).toEqual([
    'create',
    'wake',
    'keep',
    'hibernate',
    'share',
  ]);
  expect((await journals.read('audit', 0))[0], 'without the mark').toEqual(deed(OCTOBER, 'create'));
});

test.each<readonly [string, (lines: string[]) => string[], number]>([
  ['changed', ([one = '', ...rest]) => [one.replace('"ana"', '"eva"'), ...rest], 1],
  ['taken out', ([, ...rest]) => rest, 1],
  ['put in', ([one = '', ...rest]) => [one, one, ...rest], 2],
  ['put in another order', ([one = '', two = '', ...rest]) => [two, one, ...rest], 1],
  ['without its mark', ([one = '', two = '', ...rest]) => [one, two.replace(/,"mark":"[^"]*"/, ''), ...rest], 2],
  ['not JSON', ([one = '', ...rest]) => [one, '{', ...rest], 2],
])('an entry that is %s shows, with its place', async (_, change, line) => {
  await using folder = await temporaryFolder();
  await written(folder.path);
  const [file = ''] = (await readdir(folder.path)).filter((name) => name.startsWith('audit-')).sort();
  const path = join(folder.path, file);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${change(lines).join('\n')}\n`);
  expect((await verify(folder.path)).broken).toMatchObject({ file, line });
});

test('a whole month that is missing shows', async () => {
  await using folder = await temporaryFolder();
  await written(folder.path);
  const [file = ''] = (await readdir(folder.path)).filter((name) => name.startsWith('audit-')).sort();
  await rm(join(folder.path, file));
  expect((await verify(folder.path)).broken).toMatchObject({ line: 1 });
});

test('marks cannot be made without the key', async () => {
  await using folder = await temporaryFolder();
  await written(folder.path);
  await using other = await openJournals(folder.path);
  expect((await other.verify()).broken).toMatchObject({ line: 1 });
});

test('entries from before there were marks are followed by marked ones', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'audit-2026-10.jsonl'), `${JSON.stringify(deed(OCTOBER, 'create'))}\n`);
  await using journals = await openJournals(folder.path, mark);
  await journals.append('audit', deed(OCTOBER + 1, 'wake'));
  expect(await journals.verify()).toMatchObject({ entries: 2, broken: null });
});

test('the torn end of a crash is cut off, and the marks go on', async () => {
  await using folder = await temporaryFolder();
  await written(folder.path);
  const file =
    (await readdir(folder.path))
      .filter((name) => name.startsWith('audit-'))
      .sort()
      .at(-1) ?? '';
  await appendFile(join(folder.path, file), '{"at":1,"by":"an');
  expect(await verify(folder.path)).toMatchObject({ entries: 5, broken: null });
  await using journals = await openJournals(folder.path, mark);
  await journals.append('audit', deed(OCTOBER + 240_000, 'wake'));
  expect(await journals.verify()).toMatchObject({ entries: 6, broken: null });
});
