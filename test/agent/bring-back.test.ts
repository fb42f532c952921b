import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BringBackOrder } from '../../engine/domain/agent-protocol.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { type Machine, openWorld, restoreOrder, saveOnce, snapshotOf, type World } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);

/** A machine with a snapshot of some work. */
async function worked(world: World) {
  const machine = world.machine('a');
  await machine.run('restore', restoreOrder(world));
  const work = join(machine.root, 'workspace');
  mkdirSync(join(work, 'models/deep'), { recursive: true });
  for (const name of ['code.py', 'notes.md', 'models/a.bin', 'models/deep/b.bin'])
    writeFileSync(join(work, name), `old ${name}\n`);
  utimesSync(join(work, 'code.py'), 1e9, 1e9);
  const saved = await saveOnce(world, machine, { manifestUrl: world.url('first') });
  return { machine, work, snapshot: snapshotOf(world, saved, 'first') };
}

function order(world: World, snapshot: BringBackOrder['snapshot'], more: Partial<BringBackOrder>): BringBackOrder {
  const base = { protocol: 2, workspace: 'lab', machine: 'm1', verb: 'bring-back' } as const;
  return { ...base, snapshot, path: null, into: null, safe: null, repository: world.repository, ...more };
}

async function checkpoint(world: World, machine: Machine) {
  const saved = await saveOnce(world, machine, { sequence: 2, manifestUrl: world.url('safe') });
  return snapshotOf(world, saved, 'safe');
}

const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');

resticTest('one file comes back in the place of what the checkpoint holds, and nothing else is touched', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  writeFileSync(join(work, 'code.py'), 'new and worse\n');
  writeFileSync(join(work, 'notes.md'), 'new and better\n');
  const safe = await checkpoint(world, machine);
  const events = await machine.run('bring-back', order(world, snapshot, { path: 'workspace/code.py', safe }));
  expect(events.at(-1)).toMatchObject({ event: 'brought_back', files: 1, beside: 0, rounds: 1 });
  expect(text(work, 'code.py')).toBe('old code.py\n');
  expect(statSync(join(work, 'code.py')).mtimeMs).toBe(1e12);
  expect(text(work, 'notes.md')).toBe('new and better\n');
  expect(readdirSync(work).sort()).toEqual(['code.py', 'models', 'notes.md']);
});

resticTest('what was erased comes back with its directories, and what was made since stays', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  rmSync(join(work, 'models'), { recursive: true });
  mkdirSync(join(work, 'models'));
  writeFileSync(join(work, 'models/made-since.bin'), 'mine\n');
  const safe = await checkpoint(world, machine);
  const events = await machine.run('bring-back', order(world, snapshot, { path: 'workspace/models', safe }));
  expect(events.at(-1)).toMatchObject({ event: 'brought_back', files: 2, beside: 0 });
  expect(text(work, 'models/deep/b.bin')).toBe('old models/deep/b.bin\n');
  expect(text(work, 'models/made-since.bin')).toBe('mine\n');
});

resticTest('a file that was changed after the checkpoint stays, with the old one beside it', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  const safe = await checkpoint(world, machine);
  writeFileSync(join(work, 'code.py'), 'typed a moment ago, in no backup\n');
  writeFileSync(join(machine.root, 'root/.bashrc'), 'alias x=y\n');
  const events = await machine.run('bring-back', order(world, snapshot, { safe }));
  expect(events.at(-1)).toMatchObject({ event: 'brought_back', files: 4, beside: 1, rounds: 1 });
  expect(text(work, 'code.py')).toBe('typed a moment ago, in no backup\n');
  const [copy] = readdirSync(work).filter((name) => name.startsWith('code.py.dumont-'));
  expect(text(work, copy!)).toBe('old code.py\n');
});

resticTest('without a checkpoint nothing gives way', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  writeFileSync(join(work, 'code.py'), 'in no backup\n');
  await machine.run('bring-back', order(world, snapshot, { path: 'workspace/code.py' }));
  expect(text(work, 'code.py')).toBe('in no backup\n');
});

resticTest('into another directory come copies that share nothing with the originals', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  const safe = await checkpoint(world, machine);
  const one = { path: 'workspace/models/a.bin', into: 'workspace/then', safe };
  for (const events of [
    await machine.run('bring-back', order(world, snapshot, one)),
    await machine.run('bring-back', order(world, snapshot, { path: 'workspace/models', into: 'workspace/then', safe })),
    await machine.run('bring-back', order(world, snapshot, { into: 'data/all', safe })),
  ])
    expect(events.at(-1), JSON.stringify(events.at(-1))).toMatchObject({ event: 'brought_back' });
  expect(text(work, 'then/a.bin')).toBe('old models/a.bin\n');
  expect(text(work, 'then/models/deep/b.bin')).toBe('old models/deep/b.bin\n');
  expect(text(machine.root, 'data/all/workspace/code.py')).toBe('old code.py\n');
  expect(statSync(join(work, 'then/a.bin')).nlink).toBe(1);
  expect(existsSync(join(work, '.dumont-restore'))).toBe(false);
});

resticTest('into the same directory once more comes only what is not there as it was saved', async () => {
  await using world = await openWorld();
  const { machine, work } = await worked(world);
  symlinkSync('code.py', join(work, 'link'));
  const snapshot = snapshotOf(world, await saveOnce(world, machine, { manifestUrl: world.url('second') }), 'second');
  const bring = async () => (await machine.run('bring-back', order(world, snapshot, { into: 'data/then' }))).at(-1);
  const then = join(machine.root, 'data/then/workspace');
  expect(await bring()).toMatchObject({ event: 'brought_back', beside: 0 });
  const names = readdirSync(join(machine.root, 'data/then'), { recursive: true }).toSorted();
  utimesSync(join(then, 'models/a.bin'), 1e9, 1e9);
  expect(await bring()).toMatchObject({ event: 'brought_back', files: 4, beside: 0 });
  expect(readdirSync(join(machine.root, 'data/then'), { recursive: true }).toSorted()).toEqual(names);
  writeFileSync(join(then, 'code.py'), 'new code.py\n');
  chmodSync(join(then, 'notes.md'), 0o700);
  rmSync(join(then, 'models/deep/b.bin'));
  expect(await bring()).toMatchObject({ event: 'brought_back', files: 4, beside: 2 });
  expect(text(then, 'code.py')).toBe('new code.py\n');
  expect(text(then, 'models/deep/b.bin')).toBe('old models/deep/b.bin\n');
});

resticTest(
  'a target that is no directory, or below none, is refused in words, also when it would only be tried',
  async () => {
    await using world = await openWorld();
    const { machine, work, snapshot } = await worked(world);
    mkdirSync(join(work, 'then'));
    writeFileSync(join(work, 'then/workspace'), 'a file\n');
    symlinkSync('nowhere', join(work, 'dangling'));
    symlinkSync('models', join(work, 'linked'));
    const { protocol, workspace, machine: id } = order(world, snapshot, {});
    const weigh = { protocol, workspace, machine: id, verb: 'weigh', snapshot, path: null };
    for (const [into, path] of [
      ['workspace/code.py', '/workspace/code.py'],
      ['workspace/code.py/deep/er', '/workspace/code.py'],
      ['workspace/then', '/workspace/then/workspace'],
      ['workspace/dangling', '/workspace/dangling'],
    ] as const)
      for (const events of [
        await machine.run('weigh', { ...weigh, into }),
        await machine.run('bring-back', order(world, snapshot, { into })),
      ])
        expect(events.at(-1)).toMatchObject({
          event: 'failed',
          code: 'bad_path',
          why: expect.stringMatching(`${path}.*no directory`),
        });
    expect((await machine.run('weigh', { ...weigh, into: 'workspace/linked' })).at(-1)).toMatchObject({ files: 4 });
    expect(existsSync(join(work, '.dumont-restore'))).toBe(false);
  },
);

resticTest.each([
  ['workspace/nothing.txt', null, 'the snapshot has no such file'],
  ['workspace/../root', null, 'without ".."'],
  ['workspace/code.py', '../etc', 'without ".."'],
])('%s into %s is refused, in words', async (path, into, why) => {
  await using world = await openWorld();
  const { machine, snapshot } = await worked(world);
  const events = await machine.run('bring-back', order(world, snapshot, { path, into }));
  expect(events.at(-1)).toMatchObject({ event: 'failed', code: 'bad_path', why: expect.stringContaining(why) });
});

resticTest('one that was killed is done again, and leaves nothing lying about', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  mkdirSync(join(work, '.dumont-restore/rest/models'), { recursive: true });
  writeFileSync(join(work, '.dumont-restore/rest/models/half.bin'), 'half of somethi');
  rmSync(join(work, 'models/a.bin'));
  const events = await machine.run('bring-back', order(world, snapshot, { path: 'workspace/models' }));
  expect(events.at(-1)).toMatchObject({ event: 'brought_back' });
  expect(readdirSync(join(work, 'models')).sort()).toEqual(['a.bin', 'deep']);
  expect(existsSync(join(work, '.dumont-restore'))).toBe(false);
});

resticTest('what a killed one had moved aside, and somebody wrote to since, is not lost', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  writeFileSync(join(work, 'code.py'), 'in the checkpoint\n');
  const safe = await checkpoint(world, machine);
  const aside = join(work, '.dumont-restore/aside/models');
  mkdirSync(aside, { recursive: true });
  renameSync(join(work, 'models/a.bin'), join(aside, 'a.bin'));
  writeFileSync(join(aside, 'a.bin'), 'written through an open file\n');
  renameSync(join(work, 'code.py'), join(aside, '../code.py'));
  const one = { path: 'workspace/notes.md', safe };
  for (const into of ['workspace/then', null]) {
    const events = await machine.run('bring-back', order(world, snapshot, { ...one, into }));
    expect(events.at(-1)).toMatchObject({ event: 'brought_back' });
    expect(text(work, 'models/a.bin')).toBe('written through an open file\n');
    expect(text(work, 'code.py')).toBe('in the checkpoint\n');
  }
});

resticTest('one that fails leaves nothing lying about', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  rmSync(join(world.repository.url, 'data'), { recursive: true });
  const events = await machine.run('bring-back', order(world, snapshot, { into: 'workspace/then' }));
  expect(events.at(-1)).toMatchObject({ event: 'failed', code: 'restore_failed' });
  expect(existsSync(join(work, '.dumont-restore'))).toBe(false);
});

resticTest('nothing takes its place before all of it is here and compared, whatever directory it goes to', async () => {
  await using world = await openWorld();
  const { machine, work } = await worked(world);
  writeFileSync(join(machine.root, 'root/.profile'), 'old\n');
  await saveOnce(world, machine, { sequence: 2, manifestUrl: world.url('second') });
  const packs = (): string[] =>
    readdirSync(join(world.repository.url, 'data'), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name));
  const before = new Set(packs());
  writeFileSync(join(work, 'late.bin'), randomBytes(100_000));
  const saved = await saveOnce(world, machine, { sequence: 3, manifestUrl: world.url('third') });
  const snapshot = snapshotOf(world, saved, 'third');
  // What lists the files is small, and stays.
  const [lost = ''] = packs().filter((pack) => !before.has(pack) && statSync(pack).size > 100_000);
  rmSync(lost);
  writeFileSync(join(machine.root, 'root/.profile'), 'new\n');
  rmSync(join(work, 'late.bin'));
  const safe = await checkpoint(world, machine);
  const events = await machine.run('bring-back', order(world, snapshot, { safe }));
  expect(events.at(-1)).toMatchObject({ event: 'failed', code: 'restore_failed' });
  expect(text(machine.root, 'root/.profile')).toBe('new\n');
});

const mounts = resticProgram !== null && spawnSync('unshare', ['--mount', 'true']).status === 0;
if (!mounts) console.warn('SKIPPED: nothing can be mounted here, so that a disk with little room is not tried');

test.skipIf(!mounts)(
  'with little room it comes part by part and says so; what fits in no way is refused before anything is touched',
  () => {
    const program = join(import.meta.dirname, 'little-room-scenario.ts');
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--pid', '--fork', '--mount', '--kill-child', process.execPath, program],
      { encoding: 'utf8', timeout: 100_000, killSignal: 'SIGKILL' },
    );
    expect(stderr).toBe('');
    const { copies, refused, narrow, told } = JSON.parse(stdout);
    const untouched = { notes: 'new', back: [false, false, false], left: ['a.bin', 'b.bin', 'c.bin'] };
    const full = { event: 'failed', code: 'machine_disk_full', why: expect.stringContaining('even part by part') };
    expect(copies).toEqual({ said: full, ...untouched });
    expect(refused).toEqual({ said: full, ...untouched });
    expect(narrow).toEqual({
      said: expect.objectContaining({ event: 'brought_back', files: 4, beside: 0, rounds: 3 }),
      ...{ notes: 'old', back: [true, true, true], left: ['a.bin', 'b.bin', 'c.bin'] },
    });
    expect(told, 'each part goes on where the last one ended').toEqual(told.toSorted((a: number, b: number) => a - b));
    expect(told.at(-1)).toBe(1);
  },
  120_000,
);

resticTest('what it would do is told by looking: what is the same, what is in the way, in how many parts', async () => {
  await using world = await openWorld();
  const { machine, work, snapshot } = await worked(world);
  writeFileSync(join(work, 'code.py'), 'new and worse\n');
  rmSync(join(work, 'notes.md'));
  const before = readdirSync(work).sort();
  const base = { protocol: 2, workspace: 'lab', machine: 'm1', verb: 'weigh', snapshot } as const;
  const said = async (path: string | null, into: string | null = null) =>
    (await machine.run('weigh', { ...base, path, into })).at(-1);
  expect(await said(null)).toMatchObject({ files: 4, same: 2, inTheWay: 1, inTheWayBytes: 14, rounds: 1 });
  expect(await said('workspace/models')).toMatchObject({ files: 2, bytes: 39, same: 2, inTheWay: 0 });
  mkdirSync(join(work, 'then'));
  writeFileSync(join(work, 'then/code.py'), 'mine');
  expect(await said('workspace/code.py', 'workspace/then')).toMatchObject({ files: 1, same: 0, inTheWay: 1 });
  expect(await said('workspace/none')).toMatchObject({ event: 'failed', code: 'bad_path' });
  expect(text(work, 'code.py')).toBe('new and worse\n');
  expect(readdirSync(work).sort()).toEqual([...before, 'then'].sort());
});
