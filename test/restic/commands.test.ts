import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import * as restic from '../../engine/restic/commands.ts';
import { resticProgram } from './which-restic.ts';

const reach = { region: 'auto', connections: 32 };
const id = 'a'.repeat(64);
const save = {
  ...reach,
  host: 'lab',
  parent: id,
  ignoreInode: true,
  time: Date.UTC(2026, 10, 21, 9, 5, 7, 999),
  tags: ['epoch=1', 'machine=m1'],
  excludeFile: '/opt/dumont/tmp/exclude',
  targets: ['root', 'workspace'],
};
const back = { ...reach, snapshot: id, folder: '/workspace', target: '/workspace/.dumont-restore/critical' };

test('a backup names its host, its parent in full, its time, and paths below the root', () => {
  expect(restic.backup(save)).toEqual([
    ...['backup', '--json', '-o', 's3.region=auto', '-o', 's3.bucket-lookup=path', '-o', 's3.connections=32'],
    ...['--retry-lock', '2m', '--no-scan', '--parent', id, '--ignore-inode', '--tag', 'epoch=1', '--tag', 'machine=m1'],
    ...['--host', 'lab', '--time', '2026-11-21 09:05:07', '--exclude-file', '/opt/dumont/tmp/exclude'],
    ...['--', 'root', 'workspace'],
  ]);
  const first = restic.backup({ ...save, parent: null, ignoreInode: false });
  expect(first).toContain('--force'); // else restic looks for a parent by itself
  expect(first).not.toContain('--ignore-inode');
});

test('a restore takes no lock and names what it wants in full', () => {
  const words = restic.restore({ ...back, only: { excludeFile: '/x' } });
  expect(words).toEqual(expect.arrayContaining(['--no-lock', '--exclude-file', `${id}:/workspace`]));
  expect(restic.restore({ ...back, only: null })).not.toContain('--exclude-file');
});

const all = {
  version: restic.version(),
  init: restic.init(reach),
  catConfig: restic.catConfig(reach),
  catMasterKey: restic.catMasterKey(reach),
  backup: restic.backup(save),
  firstBackup: restic.backup({ ...save, parent: null }),
  restore: restic.restore({ ...back, only: { includeFile: '/x' } }),
  snapshots: restic.snapshots(reach, [id]),
  ls: restic.ls(reach, id),
  dump: restic.dump(reach, id, 'workspace/a'),
  forget: restic.forget(reach, [id]),
  check: restic.check(reach, '5%'),
  unlock: restic.unlock(reach),
};

test.skipIf(resticProgram === null).each(Object.entries(all))('restic knows every word of %s', (_name, words) => {
  // With --help it reads its arguments and does nothing else.
  const [verb = '', ...rest] = words;
  const { status, stderr } = spawnSync(resticProgram!, [verb, '--help', ...rest], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('nothing secret can be an argument: no builder takes any', () => {
  expect(JSON.stringify(all)).not.toMatch(/password|secret|token/i);
});
