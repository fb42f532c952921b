import { execFileSync } from 'node:child_process';
import { appendFile, chmod, lutimes, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compareFiles } from '../../engine/cli/tour/compare-files.ts';
import { costsOf } from '../../engine/cli/tour/costs.ts';
import { fold } from '../../engine/cli/tour/fold.ts';
import { type Entry, listFiles } from '../../engine/cli/tour/list-files.ts';
import { makeFiles } from '../../engine/cli/tour/make-files.ts';
import { tourSettings } from '../../engine/cli/tour/own-engine.ts';
import { demandPrograms } from '../../engine/cli/tour/programs.ts';
import { type Report, reportLines } from '../../engine/cli/tour/report.ts';

const folder = await mkdtemp(join(tmpdir(), 'dumont-tour-test-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const paint = (_: string, text: string) => text;
const quiet = new AbortController().signal;

async function listed(root: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of listFiles(root)) entries.push(entry);
  return entries;
}

const HARM: readonly (readonly [string, string | null, (root: string) => Promise<unknown>])[] = [
  ['nothing', null, async () => undefined],
  ['a byte, with size and time as they were', 'data.bin: other bytes', (root) => swapByte(join(root, 'data.bin'))],
  ['the end of a file', 'data.bin: other bytes', (root) => appendFile(join(root, 'data.bin'), '!')],
  ['a mode', 'run.sh: mode 755 became 644', (root) => chmod(join(root, 'run.sh'), 0o644)],
  ['the mode of a folder', 'deep: mode 755 became 700', (root) => chmod(join(root, 'deep'), 0o700)],
  [
    'a time',
    'run.sh: time 1700000000000000000 became 1700000000500000000',
    (root) => utimes(join(root, 'run.sh'), 1_700_000_000, 1_700_000_000.5),
  ],
  ['where a link points to', 'latest: points to run.sh now', (root) => relink(join(root, 'latest'), 'run.sh')],
  ['a link into what it pointed to', 'latest was a link and is a file', (root) => unlinked(root)],
  ['a file that is gone', 'deep/ünïcode \n name is missing', (root) => rm(join(root, 'deep', 'ünïcode \n name'))],
  ['a file that is new', 'deep/more was not there before', (root) => addFile(join(root, 'deep'), 'more')],
];

test.each(HARM)('a copy differs by %s', async (name, said, harm) => {
  const [original, copy] = [join(folder, `${name} a`), join(folder, `${name} b`)];
  await mkdir(join(original, 'deep'), { recursive: true, mode: 0o755 });
  await writeFile(join(original, 'data.bin'), 'abcdefgh');
  await writeFile(join(original, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(original, 'deep', 'ünïcode \n name'), '');
  await symlink('data.bin', join(original, 'latest'));
  for (const file of ['data.bin', 'run.sh', 'deep/ünïcode \n name'])
    await utimes(join(original, file), 1_700_000_000, 1_700_000_000);
  execFileSync('cp', ['-a', original, copy]);
  await harm(copy);
  const { files, folders, links, bytes, differing } = compareFiles(await listed(original), await listed(copy));
  expect({ files, folders, links, bytes }).toEqual({ files: 3, folders: 1, links: 1, bytes: 18 });
  if (said === null) expect(differing).toEqual([]);
  else expect(differing.join('\n')).toContain(said);
});

async function swapByte(file: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace('c', 'C'));
  await utimes(file, 1_700_000_000, 1_700_000_000);
}

async function relink(link: string, to: string): Promise<void> {
  await rm(link);
  await symlink(to, link);
  await lutimes(link, 1_700_000_000, 1_700_000_000);
}

async function unlinked(root: string): Promise<void> {
  await rm(join(root, 'latest'));
  await writeFile(join(root, 'latest'), 'abcdefgh');
}

async function addFile(root: string, name: string): Promise<void> {
  await writeFile(join(root, name), '');
}

test('the work of the tour holds what is easily lost: odd names, modes, links, old times, a commit that no remote has', async () => {
  const [root, remote] = [join(folder, 'work'), join(folder, 'remote.git')];
  await mkdir(root);
  const { commit } = await makeFiles(root, remote, quiet);
  const entries = await listed(root);
  const git = (...argv: string[]) => execFileSync('git', argv, { encoding: 'utf8' });
  expect(commit).toBe(git('-C', join(root, 'project'), 'rev-parse', 'HEAD').trim());
  expect(git('-C', remote, 'log', '--all', '--format=%s')).toBe('train for one epoch\n');
  expect(new Set(entries.filter(({ kind }) => kind === 'file').map(({ mode }) => mode))).toContain('600');
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'link', holds: 'step-001200.safetensors' }));
  const aged = entries.filter(({ mtimeNs }) => Number(BigInt(mtimeNs) / 1_000_000n) < Date.now() - 20 * 3_600_000);
  expect(aged.length).toBeGreaterThan(2_400);
});

test('what is saved is counted against the same machine, never off', () => {
  expect(costsOf(0.5, 40e9)).toEqual({
    dollars_per_hour: 0.5,
    always_on: { dollars_per_day: 12, dollars_per_month: 365 },
    asleep: { bytes: 40e9, dollars_per_month: 0.6 },
    // 40 × 52 ÷ 12 hours at $0.50, and the files in storage all the time.
    at_work: { hours_per_week: 40, dollars_per_month: 87.266667, saved_per_month: 277.733333, saved_percent: 76 },
  });
});

const REPORT: Report = {
  ok: true,
  seconds: 61.4,
  compared: { files: 2_420, folders: 71, links: 1, bytes: 6.5e6, differing: [] },
  unpushed_commit: 'c0ffee11deadbeef',
  machines: { rented: 6, left: 0 },
  wakes: [
    { machine_id: 'm1', host: 'host-1', region: 'US', gpu: 'RTX 4090', dollars_per_hour: 0.4, usable_ms: 9_100 },
    { machine_id: 'm2', host: 'host-2', region: 'SE', gpu: 'RTX 4090', dollars_per_hour: 0.5, usable_ms: 12_000 },
  ],
  sleep: { warned_ms: 6_000, save_and_proof_ms: 2_100, snapshot_id: 'abcdef0123456789' },
  dollars: 0.0054,
  costs: costsOf(0.5, 6.5e6),
};

test('the end says what was compared and what it saves, in dollars', () => {
  expect(reportLines(REPORT, { paint, width: 120 })).toEqual([
    '',
    '✓ The whole cycle, in 1 min 1 s',
    '  your files   2,420 files, 6.5 MB, 71 folders, 1 link: every byte, mode and time is what it was',
    '  your commit  c0ffee11, never pushed anywhere, came back too',
    '  usable       9 s after you asked, on host-1; 12 s after you asked, on host-2',
    '  machines     6 rented, all of them gone',
    '  this tour    $0.0054 of rented time; nobody was charged, since this marketplace is your computer',
    '  always on    $365.00 a month: RTX 4090 at $0.50/h, never off',
    '  asleep       less than $0.01 a month: 6.5 MB in storage such as R2, and no machine',
    '  saved        $278.33 a month, 76 %, for somebody who works 40 hours a week',
    '',
    'Now for your own work',
    '  npm start          in another terminal: the engine',
    '  dumont create lab  describe a workspace',
    '  dumont wake lab    race machines for it, and work',
  ]);
});

test('without git nothing is said of a commit, and on a narrow terminal every line fits', () => {
  const lines = reportLines({ ...REPORT, unpushed_commit: null }, { paint, width: 50 });
  expect(lines.join('\n')).not.toContain('commit');
  expect(lines.filter((line) => line.length > 50)).toEqual([]);
  expect(lines).toContain('  your files   2,420 files, 6.5 MB, 71 folders, 1');
  expect(lines).toContain('               link: every byte, mode and time is');
});

test('a machine that is still there is not called gone', () => {
  const lines = reportLines({ ...REPORT, machines: { rented: 6, left: 2 } }, { paint, width: 120 });
  expect(lines).toContain('  machines     6 rented, 2 still there');
});

test('a word longer than the line stands alone, and is not cut', () => {
  expect(fold('> ', 'one supercalifragilistic two', 2, 18)).toEqual(['> one', '  supercalifragilistic', '  two']);
});

test('what the tour would miss later is said at once, all together', () => {
  expect(() => demandPrograms(folder)).toThrow(
    'The tour needs ssh, ssh-keyscan and tar, which are not installed here.',
  );
});

test('the engine of the tour is given nothing of what a person set for their own', () => {
  const given = { PATH: '/bin', DUMONT_PORT: '7077', DUMONT_S3_BUCKET: 'mine', DUMONT_RESTIC: '/opt/restic' };
  const { PATH, DUMONT_HOME, DUMONT_PORT, DUMONT_RESTIC, DUMONT_S3_BUCKET } = tourSettings(given);
  expect({ PATH, DUMONT_PORT, DUMONT_RESTIC }).toEqual({
    PATH: '/bin',
    DUMONT_PORT: '0',
    DUMONT_RESTIC: '/opt/restic',
  });
  expect(DUMONT_S3_BUCKET).toBeUndefined();
  expect(DUMONT_HOME).toMatch(/\/tour$/);
});
