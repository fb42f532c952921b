import { chmodSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { write } from './living.ts';
import { manifestIn, restoreOrder, saveOnce, saveOrder, snapshotOf, treeOf } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { claimed, resticTest, world } = await resticWorld();

const savedPaths = (): readonly string[] => manifestIn(world).map((line) => line.path);

resticTest(
  'what belongs to a backup: the roots, less the defaults, the workspace and its ignore files, plus what they ask for and what was changed elsewhere',
  async () => {
    const machine = await claimed('scope');
    write(machine, {
      'root/.bashrc': '',
      'root/run.log': '',
      'workspace/.dumontignore': '# data\n*.ckpt\n!best.ckpt\n/build\n!keep.log\n!/vendor/node_modules/\n',
      'workspace/best.ckpt': '',
      'workspace/last.ckpt': '',
      'workspace/build/x': '',
      'workspace/sub/build/x': '',
      'workspace/keep.log': '',
      'workspace/drop.log': '',
      'workspace/node_modules/a.js': '',
      'workspace/vendor/node_modules/b.js': '',
      'workspace/m/__pycache__/m.pyc': '',
      'workspace/m/secret.key': '',
      'data/set/1': '',
      'srv/site/index.html': '',
      'srv/other/mine': '',
      'etc/mine': '',
      'etc/hostname': '',
      'tmp/no': '',
    });
    writeFileSync(join(machine.root, 'workspace/huge'), '');
    truncateSync(join(machine.root, 'workspace/huge'), 5_000_000);
    const saved = await saveOnce(world, machine, {
      include: ['/srv/site/'],
      exclude: ['*.key', '/data/set/'],
      fileBytesMax: 4_999_999,
    });
    expect(savedPaths()).toEqual([
      'data',
      'etc',
      'etc/mine',
      'root',
      'root/.bashrc',
      'srv',
      'srv/other',
      'srv/other/mine',
      'srv/site',
      'srv/site/index.html',
      'workspace',
      'workspace/.dumontignore',
      'workspace/best.ckpt',
      'workspace/keep.log',
      'workspace/m',
      'workspace/sub',
      'workspace/sub/build',
      'workspace/sub/build/x',
      'workspace/vendor',
      'workspace/vendor/node_modules',
      'workspace/vendor/node_modules/b.js',
    ]);
    expect(saved.atRisk).toEqual([
      { kind: 'over-cap', path: 'workspace/huge', sizeBytes: 5_000_000, why: 'larger than 4999999 bytes' },
    ]);
    expect(saved.files).toBe(9);
  },
);

resticTest('a root that is a link is saved with what it points to', async () => {
  const machine = world.machine('linked');
  mkdirSync(join(machine.root, 'mnt/volume'), { recursive: true });
  symlinkSync('mnt/volume', join(machine.root, 'workspace'));
  await machine.run('restore', restoreOrder(world));
  write(machine, { 'mnt/volume/work': 'on the volume' });
  const saved = await saveOnce(world, machine);
  expect(savedPaths()).toEqual(['data', 'mnt', 'mnt/volume', 'mnt/volume/work', 'root', 'workspace']);
  const other = world.machine('linked-again');
  await other.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
  expect(treeOf(other.root, ['opt', 'workspace'])).toEqual(treeOf(machine.root, ['opt', 'workspace']));
  expect(readlinkSync(join(other.root, 'workspace'))).toBe('mnt/volume');
});

resticTest('bad orders are refused in words', async () => {
  const machine = await claimed('refused');
  write(machine, { 'etc/file': '' });
  const why = async (more: object): Promise<unknown> => (await machine.run('save', saveOrder(world, more))).at(-1);
  expect(await why({ include: ['../up'] })).toMatchObject({ event: 'failed', code: 'bad_path' });
  expect(await why({ include: ['proc'] })).toMatchObject({ event: 'failed', code: 'bad_path' });
  expect(await why({ include: ['etc/file'] })).toMatchObject({
    code: 'bad_path',
    why: 'etc/file: it is not a directory',
  });
  expect(await why({ workspace: 'other' })).toMatchObject({
    code: 'bad_request',
    why: 'this machine holds lab, not other',
  });
  expect(await why({ protocol: 99 })).toMatchObject({ code: 'bad_request', why: 'this agent speaks protocols 1 to 2' });
  const wrong = { ...world.repository, password: 'no' };
  expect(await why({ repository: wrong })).toMatchObject({ code: 'wrong_password' });
  const nowhere = { ...world.repository, url: join(world.folder, 'nowhere') };
  expect(await why({ repository: nowhere })).toMatchObject({ code: 'no_repository' });
  expect(await why({ manifestUrl: world.url('refused') })).toMatchObject({ code: 'storage_refused' });
});

resticTest('a machine that was never given the workspace has nothing to save', async () => {
  const machine = world.machine('unclaimed');
  write(machine, { 'workspace/something': 'of the image' });
  expect(await saveOnce(world, machine, { mode: 'last' })).toMatchObject({ snapshot: null, files: 0, epoch: 0 });
});

resticTest('a full backup reads every byte again; any other compares with its parent', async () => {
  const said = join(world.folder, 'types.jsonl');
  const program = join(world.folder, 'telling-restic');
  writeFileSync(
    program,
    `#!/bin/sh\ncase " $* " in *" backup "*) "${resticProgram}" "$@" | tee -a ${said} ;; *) exec "${resticProgram}" "$@" ;; esac\n`,
  );
  chmodSync(program, 0o755);
  const machine = await claimed('types', program);
  write(machine, { 'workspace/a': 'aaaa', 'workspace/b': 'bb' });
  const first = await saveOnce(world, machine, { sequence: 1 });
  write(machine, { 'workspace/c': 'c' });
  const next = await saveOnce(world, machine, { sequence: 2, parent: first.snapshot });
  const full = await saveOnce(world, machine, { sequence: 3, parent: next.snapshot, full: true });
  expect([first, next, full].map(({ parent }) => parent)).toEqual([null, first.snapshot, null]);
  const summaries = readFileSync(said, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"message_type":"summary"'));
  expect(summaries.map((line) => JSON.parse(line))).toMatchObject([
    { files_new: 2, files_unmodified: 0 },
    { files_new: 1, files_unmodified: 2 },
    { files_new: 3, files_unmodified: 0 },
  ]);
});
