import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { lookWith } from '../../../engine/agent/change/look-with.ts';
import { rememberWalk } from '../../../engine/agent/change/walk-memory.ts';
import { type Changes, type Wanted, watchChanges } from '../../../engine/agent/change/watch-changes.ts';
import { type Place, placeAt } from '../../../engine/agent/place.ts';
import { scopeOf } from '../../../engine/agent/scope.ts';
import { walk } from '../../../engine/agent/walk.ts';
import { agentProgram } from '../which-agent.ts';

const wanted: Wanted = { include: [], exclude: [], fileBytesMax: 1e9 };
const alive = new AbortController().signal;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0).toReversed()) clean();
});

function machine(): Place {
  const root = mkdtempSync(join(tmpdir(), 'dumont-change-'));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['root', 'workspace/deep/er', 'workspace/node_modules', 'data'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'workspace/old'), 'old');
  return placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
}

async function backedUp(place: Place, what = wanted): Promise<void> {
  rememberWalk(place, await walk(place, scopeOf(place, what), alive));
}

async function watching(place: Place, how: { foldersMax?: number; wanted?: Wanted } = {}): Promise<Changes> {
  const what = how.wanted ?? wanted;
  const self = { program: agentProgram, argv: ['--root', place.root, '--home', place.home] };
  const startLook = lookWith(self, what);
  let looks = 0;
  const changes = await watchChanges(
    place,
    what,
    {
      startLook: async (signal) => {
        const found = await startLook(signal);
        looks += 1;
        return how.foldersMax === 0 ? { ...found, folders: null } : found;
      },
      now: () => Date.now(),
      ...how,
    },
    alive,
  );
  cleanups.push(() => changes[Symbol.dispose]());
  if (changes.by === 'inotify') await vi.waitFor(() => expect(looks).toBe(2), PATIENCE);
  return changes;
}

const PATIENCE = { timeout: 20_000, interval: 20 };
const noticed = (changes: Changes): Promise<void> =>
  vi.waitFor(() => expect(changes.changedAt()).not.toBeNull(), PATIENCE);
/** Long enough for an event that ought not to come: another one, made after it, has come. */
async function onlyThen(changes: Changes, place: Place): Promise<number> {
  writeFileSync(join(place.root, 'data/marker'), 'x');
  await noticed(changes);
  return changes.filesPending();
}

test('a quiet tree has not changed', async () => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place);
  expect([changes.by, changes.changedAt(), changes.filesPending()]).toEqual(['inotify', null, 0]);
});

test('a write is noticed, also in a directory that was not there before', async () => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place);
  const heard = vi.fn();
  changes.onChange(heard);
  mkdirSync(join(place.root, 'workspace/new/er'), { recursive: true });
  await noticed(changes);
  expect(heard).toHaveBeenCalledTimes(1);
  changes.beginBackup();
  changes.backedUp();
  await vi.waitFor(() => {
    writeFileSync(join(place.root, 'workspace/new/er/file'), `${Math.random()}`);
    expect(changes.changedAt()).not.toBeNull();
  }, PATIENCE);
  expect(heard).toHaveBeenCalledTimes(2);
});

test('what is excluded does not count, whether it is written, made or removed', async () => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place);
  writeFileSync(join(place.root, 'workspace/run.log'), 'x');
  writeFileSync(join(place.root, 'workspace/node_modules/x.js'), 'x');
  mkdirSync(join(place.root, 'workspace/deep/node_modules'));
  rmSync(join(place.root, 'workspace/deep/node_modules'), { recursive: true });
  expect(await onlyThen(changes, place)).toBe(1);
});

test('a change of an ignore file takes effect', async () => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place);
  writeFileSync(join(place.root, 'workspace/.dumontignore'), 'scratch/\n!/node_modules/\n');
  await vi.waitFor(() => {
    // Found by the look that follows: node_modules, x.js and the ignore file itself.
    expect(changes.filesPending()).toBeGreaterThanOrEqual(2);
  }, PATIENCE);
  changes.beginBackup();
  changes.backedUp();
  await backedUp(place);
  await vi.waitFor(() => {
    writeFileSync(join(place.root, 'workspace/node_modules/y.js'), `${Math.random()}`);
    expect(changes.changedAt()).not.toBeNull();
  }, PATIENCE);
});

test('a backed-up directory that is made later is noticed, with what is written there from then on', async () => {
  const place = machine();
  rmSync(join(place.root, 'data'), { recursive: true });
  const also = { ...wanted, include: ['srv/site/files'] };
  await backedUp(place, also);
  const changes = await watching(place, { wanted: also });
  for (const path of ['data', 'srv/site/files']) {
    mkdirSync(join(place.root, path), { recursive: true });
    await noticed(changes);
    changes.beginBackup();
    changes.backedUp();
    await backedUp(place, also);
    await changes.look(alive);
    expect(changes.changedAt()).toBeNull();
    await vi.waitFor(() => {
      writeFileSync(join(place.root, path, 'file'), `${Math.random()}`);
      expect(changes.changedAt()).not.toBeNull();
    }, PATIENCE);
    changes.beginBackup();
    changes.backedUp();
    await backedUp(place, also);
    await changes.look(alive);
  }
});

test('a directory that was moved away, and one that was moved in, are changes', async () => {
  const place = machine();
  mkdirSync(join(place.root, 'outside/tree/below'), { recursive: true });
  await backedUp(place);
  const changes = await watching(place);
  renameSync(join(place.root, 'workspace/deep'), join(place.root, 'outside/deep'));
  await noticed(changes);
  changes.beginBackup();
  changes.backedUp();
  renameSync(join(place.root, 'outside/tree'), join(place.root, 'workspace/tree'));
  await noticed(changes);
  changes.beginBackup();
  changes.backedUp();
  await vi.waitFor(() => {
    writeFileSync(join(place.root, 'workspace/tree/below/file'), `${Math.random()}`);
    expect(changes.changedAt()).not.toBeNull();
  }, PATIENCE);
});

test('a directory with very many changes is let go until the next backup begins, and then heard again', async () => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place);
  for (let n = 0; n < 500; n++) writeFileSync(join(place.root, `workspace/deep/f${n}`), 'x');
  await noticed(changes);
  changes.beginBackup();
  changes.backedUp();
  await vi.waitFor(() => {
    writeFileSync(join(place.root, 'workspace/deep/later'), `${Math.random()}`);
    expect(changes.changedAt()).not.toBeNull();
  }, PATIENCE);
});

test.each([
  ['no watches are to be had', 0],
  ['there are more directories than may be watched', 2],
])('where %s a look finds the changes', async (_why, foldersMax) => {
  const place = machine();
  await backedUp(place);
  const changes = await watching(place, { foldersMax });
  expect(changes.by).toBe('walks');
  writeFileSync(join(place.root, 'workspace/file'), 'x');
  await changes.look(alive);
  expect(changes.filesPending()).toBe(1);
  rmSync(join(place.root, 'workspace/file'));
  await changes.look(alive);
  expect(changes.changedAt()).toBeNull();
});

test('a look that cannot be made rejects with the reason', async () => {
  const place = machine();
  await expect(watching(place, { wanted: { ...wanted, include: ['proc/1'] } })).rejects.toThrow(/system/);
});
