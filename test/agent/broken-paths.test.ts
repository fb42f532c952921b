import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { beginHere } from '../../engine/agent/elsewhere.ts';
import { excludedOf } from '../../engine/agent/excluded.ts';
import { type Place, placeAt } from '../../engine/agent/place.ts';
import { scopeOf } from '../../engine/agent/scope.ts';
import { walk } from '../../engine/agent/walk.ts';
import type { AgentEvent } from '../../engine/domain/agent-protocol.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { livingMachine, openEar, runOrder, tickets } from './living.ts';
import { manifestIn, openWorld, restoreOrder, saveOnce } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);
const { signal } = new AbortController();
const order = { include: [], exclude: [], fileBytesMax: 1e9 };
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Deeper than any path that the kernel takes: step by step there is no end to it. */
function makeDeep(folder: string): void {
  const script = `
import os, sys
os.chdir(sys.argv[1])
for depth in range(25):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
    open('file', 'w').write('deep')
`;
  execFileSync('python3', ['-c', script, folder]);
}

/** What lies there is where nobody can name it: each level is brought up before it is removed. */
function removeDeep(folder: string): void {
  const script = `
import os, sys
os.chdir(sys.argv[1])
at = 'd' * 200
while os.path.lexists(at):
    if os.path.lexists(at + '/' + at): os.rename(at + '/' + at, 'next')
    for name in os.listdir(at): os.unlink(at + '/' + name)
    os.rmdir(at)
    if os.path.lexists('next'): os.rename('next', at)
`;
  execFileSync('python3', ['-c', script, folder]);
}

resticTest('what the kernel cannot name is in no backup and is named, and everything else is saved', async () => {
  await using world = await openWorld();
  const machine = world.machine('deep');
  await machine.run('restore', restoreOrder(world));
  const work = join(machine.root, 'workspace');
  makeDeep(work);
  symlinkSync('loop', join(work, 'loop'));
  symlinkSync('here/there', join(work, 'here'));
  writeFileSync(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0xff, 0x0a, 0x24, 0x5c])]), 'bytes');
  writeFileSync(join(work, 'plain'), 'plain');
  try {
    const said = expect.objectContaining({
      kind: 'unreadable',
      path: expect.stringMatching(/^workspace\/d{40,}…d{40,}$/),
      why: 'it cannot be looked at (ENAMETOOLONG)',
    });
    for (const mode of ['live', 'last'] as const) {
      const saved = await saveOnce(world, machine, { mode });
      expect(saved, mode).toMatchObject({ atRisk: [said], partial: false });
      const lines = manifestIn(world);
      expect(lines.filter(({ type }) => type === 'link').map(({ path }) => path)).toEqual([
        'workspace/here',
        'workspace/loop',
      ]);
      expect(lines.map(({ path }) => path)).toContain('workspace/plain');
      expect(lines.map(({ path }) => path)).toContain('workspace/\udcff\n$\\');
      expect(lines.filter(({ path }) => path.endsWith('/file')).length).toBeGreaterThan(15);
    }
    const [risk] = await machine.run('at-risk', { ...BASE, ...order });
    expect((risk as Extract<AgentEvent, { event: 'at_risk' }>).files).toContainEqual(said);
  } finally {
    removeDeep(work);
  }
});

const BASE = { protocol: 1, workspace: 'lab', machine: 'm1', verb: 'at-risk' };

resticTest('the agent that lives watches such a tree, and outlives what happens in it', async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await openWorld());
  const machine = await livingMachine(world, stack, 'deep');
  await using ear = await openEar();
  const work = join(machine.root, 'workspace');
  makeDeep(work);
  stack.defer(() => removeDeep(work));
  await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 8) }));
  const { startedAt } = await ear.until(({ taken, backup }) => taken.length === 1 && backup.watching === 'inotify');
  const script = `
import os, sys
os.chdir(sys.argv[1])
for depth in range(24):
    os.chdir('d' * 200)
    open('e' * 200, 'w').write('new')
    os.mkdir('f' * 200)
    os.rmdir('f' * 200)
    os.unlink('e' * 200)
open('new', 'w').close()
`;
  execFileSync('python3', ['-c', script, work]);
  writeFileSync(join(work, 'plain'), 'plain');
  const later = await ear.until(({ taken }) => taken.some(({ sequence }) => sequence > 10));
  expect(later.startedAt).toBe(startedAt);
  expect(readFileSync(join(machine.home, 'life', 'log'), 'utf8')).not.toContain('agent.mistaken');
});

/** A machine on whose disk some paths are broken: a loop stands in for a bad sector, with another code. */
function brokenAt(...broken: readonly string[]): Place {
  const root = mkdtempSync(join(tmpdir(), 'dumont-broken-'));
  folders.push(root);
  for (const folder of ['root', 'workspace/folder', 'data', 'opt/dumont', 'home/me'])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync('loop', join(root, 'opt/dumont/loop'));
  for (const file of ['workspace/file', 'workspace/folder/file', 'data/file', 'workspace/.dumontignore'])
    writeFileSync(join(root, file), '*.tmp\n');
  const place = placeAt(root, join(root, 'opt/dumont'), '', null);
  return {
    ...place,
    at: (path) =>
      broken.some((one) => path === one || path.startsWith(`${one}/`)) ? place.at('opt/dumont/loop/x') : place.at(path),
  };
}

async function risksOf(place: Place): Promise<readonly string[]> {
  const scope = scopeOf(place, order);
  const { atRisk, left, entries } = await walk(place, scope, signal);
  expect(await excludedOf(place, scope, left, signal)).toBeInstanceOf(Array);
  expect(entries.map(({ path }) => path)).toContain('data');
  return atRisk.map(({ kind, path, why }) => `${kind} ${path}: ${why}`);
}

test.each([
  ['a file', 'workspace/file', 'unreadable workspace/file: it cannot be looked at (ELOOP)'],
  ['a folder', 'workspace/folder', 'unlisted workspace/folder: it cannot be looked at (ELOOP)'],
  ['a backed-up directory', 'workspace', 'unlisted workspace: it cannot be looked at (ELOOP)'],
])('%s on a broken disk is named, and nothing fails', async (_what, path, said) => {
  expect(await risksOf(brokenAt(path))).toContain(said);
});

test('without the ignore file that lies on a broken disk, what it is about is left out', async () => {
  expect(await risksOf(brokenAt('workspace/.dumontignore'))).toContain(
    'unlisted workspace/.dumontignore: it cannot be read (ELOOP), so what it is about is left out',
  );
});

test('what is broken outside of the backed-up directories is named too', async () => {
  const place = brokenAt('home/me/broken', 'home/you');
  beginHere(place);
  writeFileSync(join(place.root, 'home/me/broken'), '');
  mkdirSync(join(place.root, 'home/you'));
  expect(await risksOf(place)).toEqual([
    'unreadable home/me/broken: it cannot be looked at (ELOOP)',
    'unlisted home/you: it cannot be looked at (ELOOP)',
  ]);
});

test('a backed-up directory that points where nobody can go is named with what it points to', async () => {
  const place = brokenAt();
  const above = join(place.root, 'e'.repeat(60));
  mkdirSync(above);
  makeDeep(above);
  try {
    rmSync(join(place.root, 'workspace'), { recursive: true });
    const deep = ['e'.repeat(60), ...Array.from({ length: 20 }, () => 'd'.repeat(200))].join('/'); // together with the root it is too long
    execFileSync('ln', ['-s', deep, join(place.root, 'workspace')]);
    expect(await risksOf(place)).toEqual([
      expect.stringMatching(/^unreadable e+…d+: it cannot be .* \(ENAMETOOLONG\)$/),
    ]);
    const include = [deep];
    expect(() => scopeOf(place, { ...order, include })).toThrow(/e+…d+.*too long/);
  } finally {
    removeDeep(above);
  }
});
