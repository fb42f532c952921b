import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { EngineClient } from '../../engine/cli/engine-client.ts';
import { downloadTo } from '../../engine/cli/restore-files.ts';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { entryJson } from '../../engine/http/json/files.ts';
import { allBelow, entriesIn } from '../../engine/policy/browse.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const { signal } = new AbortController();

type Tree = Readonly<Record<string, string | { readonly link: string }>>;

/** A name that ends in a slash is an empty directory. */
function plant(folder: string, tree: Tree): void {
  for (const [name, what] of Object.entries(tree)) {
    const at = join(folder, name);
    mkdirSync(name.endsWith('/') ? at : dirname(at), { recursive: true });
    if (typeof what !== 'string') symlinkSync(what.link, at);
    else if (!name.endsWith('/')) writeFileSync(at, what);
  }
}

function linesOf(root: string, folder = ''): ManifestLine[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`;
    const there = lstatSync(join(root, path));
    const about = { path, mode: there.mode & 0o7777, mtimeMs: there.mtimeMs, sizeBytes: 0 };
    if (there.isDirectory()) return [{ ...about, type: 'dir' as const }, ...linesOf(root, path)];
    if (there.isSymbolicLink()) return [{ ...about, type: 'link' as const, target: readlinkSync(join(root, path)) }];
    const sha256 = createHash('sha256')
      .update(readFileSync(join(root, path)))
      .digest('hex');
    return [{ ...about, type: 'file' as const, sizeBytes: there.size, sha256 }];
  });
}

/** As restic writes it: what lies below the directory by its whole path, and the directory itself only if it is above that. */
function tarOf(root: string, folder: string): Buffer {
  const members = readdirSync(join(root, folder)).map((name) => join(folder, name));
  const list = `${members.join('\0')}\0`;
  return execFileSync('tar', ['-c', '-f', '-', '-C', root, '--null', '-T', '-'], { input: members.length ? list : '' });
}

/** An engine that has one snapshot: what lies in this folder, or what somebody says of it and sends in its place. */
function engineWith(
  root: string,
  { lines = linesOf(root), archive = (path: string) => tarOf(root, path) } = {},
): EngineClient {
  const never = () => expect.unreachable('it only reads');
  return {
    async get<T>(_: string, { path = '', deep }: Readonly<Record<string, unknown>> = {}) {
      const entries = (deep === 'true' ? allBelow : entriesIn)(lines, String(path)) ?? [];
      return { entries: entries.map(entryJson), next_cursor: null } as T;
    },
    async open(_, { path = '' }) {
      if (lines.some((line) => line.path === path && line.type === 'file'))
        return new Response(readFileSync(join(root, String(path))));
      return new Response(new Uint8Array(archive(String(path))), { headers: { 'content-type': 'application/x-tar' } });
    },
    post: never,
    patch: never,
    put: never,
    remove: never,
    stream: never,
    url: () => '',
    profile: () => null,
  };
}

const restore = async (engine: EngineClient, path: string, to: string, overwrite = true) =>
  await downloadTo({ snapshot: 'a1', workspace: 'lab', path, to, overwrite }, engine, signal);

/** The folders of a test: the snapshots in their order, where it goes, and what must stay as it is. */
async function stage(...trees: readonly Tree[]) {
  const folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const victim = { path: at('victim'), known: () => readdirSync(at('victim')).toSorted() };
  plant(at('victim'), { known: 'same', evil: 'mine' });
  for (const [number, tree] of trees.entries()) plant(at(`s${number}`), tree);
  const snapshots = trees.map((_, number) => at(`s${number}`));
  return { to: at('to'), at, victim, snapshots, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

const LINKED = (target: string): Tree => ({ 'workspace/box/a': 'a', 'workspace/box/cfg': { link: target } });

test.each([
  ['all of it', '', 'workspace/box/cfg'],
  ['a directory', 'workspace/box', 'box/cfg'],
  ['the directory that the link has the name of', 'workspace/box/cfg', 'cfg'],
  ['one file', 'workspace/box/cfg/evil', null],
])('%s that is restored over the link of an earlier restore stays in the folder', async (_, path, cfg) => {
  await using s = await stage({ 'workspace/box/cfg/known': 'same', 'workspace/box/cfg/evil': 'theirs' });
  const [now = ''] = s.snapshots;
  plant(s.to, LINKED(s.victim.path));
  plant(s.to, { 'box/cfg': { link: s.victim.path }, cfg: { link: s.victim.path } });
  const refused = restore(engineWith(now), path, s.to, false);
  if (cfg) await expect(refused).rejects.toThrow(`${join(s.to, cfg)} is there otherwise than it was saved`);
  await refused.catch(() => undefined);
  await restore(engineWith(now), path, s.to);
  expect(readFileSync(join(s.victim.path, 'evil'), 'utf8'), 'a file outside of the folder').toBe('mine');
  const evil = cfg ? join(s.to, cfg, 'evil') : join(s.to, 'evil');
  expect(readFileSync(evil, 'utf8')).toBe('theirs');
  if (cfg) expect(lstatSync(join(s.to, cfg)).isDirectory(), 'the link gave way').toBe(true);
  expect((await restore(engineWith(now), path, s.to, false)).pieces, 'and all is as saved').toEqual([]);
});

/** Archives that no honest snapshot holds: what they name below a link does not come, or comes into the folder. */
const HOSTILE: readonly (readonly [string, (at: (name: string) => string, victim: string) => Buffer])[] = [
  [
    'goes through a link that was there, and has no directory for it',
    (at) => {
      plant(at('own'), { 'workspace/box/cfg/evil': 'theirs' });
      return execFileSync('tar', ['-c', '-f', '-', '-C', at('own'), '--no-recursion', 'workspace/box/cfg/evil']);
    },
  ],
  [
    'makes the link and goes through it',
    (at, victim) => {
      plant(at('own'), { 'workspace/box/new': { link: victim } });
      plant(at('other'), { 'workspace/box/new/evil': 'theirs' });
      execFileSync('tar', ['-c', '-f', at('tar'), '-C', at('own'), 'workspace/box/new']);
      execFileSync('tar', ['-r', '-f', at('tar'), '-C', at('other'), '--no-recursion', 'workspace/box/new/evil']);
      return readFileSync(at('tar'));
    },
  ],
  [
    'names what is above it',
    (at) => {
      plant(at('own'), { evil: 'theirs', 'box/': '' });
      const names = ['-P', '--transform', 's,^,workspace/box/../../../victim/,', 'evil'];
      return execFileSync('tar', ['-c', '-f', '-', '-C', at('own'), ...names]);
    },
  ],
];
test.each(HOSTILE)('an archive that %s writes nothing outside of the folder', async (_, made) => {
  await using s = await stage({ 'workspace/box/a': 'a' });
  const [now = ''] = s.snapshots;
  plant(s.to, { 'box/cfg': { link: s.victim.path } });
  const archive = made(s.at, s.victim.path);
  await restore(engineWith(now, { archive: () => archive }), 'workspace/box', s.to).catch(() => undefined);
  expect(readFileSync(join(s.victim.path, 'evil'), 'utf8'), 'a file outside of the folder').toBe('mine');
  expect(s.victim.known()).toEqual(['evil', 'known']);
  expect(readdirSync(s.to), 'nothing is left behind').toEqual(['box']);
});

test('a snapshot that names a file above it is refused', async () => {
  await using s = await stage({ 'workspace/box/a': 'a' });
  const [now = ''] = s.snapshots;
  const lines = linesOf(now).map((line) => ({ ...line, path: line.path.replace(/a$/, '../../victim/evil') }));
  plant(s.to, { 'box/b': 'b' });
  await expect(restore(engineWith(now, { lines }), 'workspace/box', s.to)).rejects.toThrow('would lie outside of');
});

test('what came before the archive broke off stays, and takes the place of nothing', async () => {
  await using s = await stage({ 'box/a': 'theirs', 'box/b/c': 'c', 'box/d': 'd'.repeat(50_000) });
  const [now = ''] = s.snapshots;
  plant(s.to, { 'box/a': 'mine' });
  const half = { archive: (path: string) => tarOf(now, path).subarray(0, 20_000) };
  await expect(restore(engineWith(now, half), 'box', s.to)).rejects.toThrow('The restore failed');
  expect(readFileSync(join(s.to, 'box/a'), 'utf8')).toBe('mine');
  expect(readdirSync(join(s.to, 'box')).toSorted()).toEqual(['a', 'b', 'd']);
  const again = await restore(engineWith(now), 'box', s.to);
  expect([again.same, again.otherwise]).toEqual([1, ['a', 'd']]);
});

test('a file of yours that is called .part is left alone', async () => {
  await using s = await stage({ 'workspace/a.py': 'a' });
  const [now = ''] = s.snapshots;
  plant(s.to, { 'a.py.part': 'notes' });
  await restore(engineWith(now), 'workspace/a.py', s.to, false);
  expect(readdirSync(s.to).toSorted()).toEqual(['a.py', 'a.py.part']);
  expect(readFileSync(join(s.to, 'a.py.part'), 'utf8')).toBe('notes');
});

test('a link that was saved leading elsewhere, and a file with other rights, come again', async () => {
  await using s = await stage({ 'run/current': { link: 'ckpt-200' }, 'run/x.sh': '#!', 'run/y.sh': '#!' });
  const [now = ''] = s.snapshots;
  chmodSync(join(now, 'run/x.sh'), 0o755);
  plant(s.to, { 'run/current': { link: 'ckpt-100' }, 'run/x.sh': '#!', 'run/y.sh': '#!' });
  await expect(restore(engineWith(now), 'run', s.to, false)).rejects.toThrow('current');
  expect(await restore(engineWith(now), 'run', s.to)).toMatchObject({ otherwise: ['current', 'x.sh'], same: 1 });
  expect(readlinkSync(join(s.to, 'run/current'))).toBe('ckpt-200');
  expect(lstatSync(join(s.to, 'run/x.sh')).mode & 0o777).toBe(0o755);
  expect(await restore(engineWith(now), 'run', s.to, false)).toMatchObject({ otherwise: [], same: 3 });
});

test('a file alone has the rights that it was saved with', async () => {
  await using s = await stage({ 'run/x.sh': '#!', 'run/y': 'y' });
  const [now = ''] = s.snapshots;
  chmodSync(join(now, 'run/x.sh'), 0o700);
  await restore(engineWith(now), 'run/x.sh', s.to, false);
  expect(lstatSync(join(s.to, 'x.sh')).mode & 0o777).toBe(0o700);
  plant(s.to, { 'run/y': 'y', 'run/x.sh': 'mine' });
  await restore(engineWith(now), 'run', s.to);
  expect(lstatSync(join(s.to, 'run/x.sh')).mode & 0o777, 'as a piece of a directory').toBe(0o700);
  expect((await restore(engineWith(now), 'run/x.sh', s.to, false)).same).toBe(1);
});

test.each([
  ['a file', 'run/a.py', 'a.py/', 'a.py', 'a file'],
  ['a file, with something in it', 'run/a.py', 'a.py/mine', 'a.py', 'a file'],
  ['a link in a tree', 'run', 'run/current/mine', 'run/current', 'a link'],
  ['a file in a tree', '', 'run/a.py/', 'run/a.py', 'a file'],
])('a directory in the place of %s is named before anything comes, and stays', async (_, path, mine, name, what) => {
  await using s = await stage({ 'run/a.py': 'a', 'run/b': 'b', 'run/current': { link: 'b' } });
  const [now = ''] = s.snapshots;
  plant(s.to, { [mine]: 'mine' });
  const engine = { ...engineWith(now), open: () => expect.unreachable('nothing is fetched') };
  const why = `${join(s.to, name)} is a directory here, and ${what} in the snapshot. Move it away, or name another folder.`;
  await expect(restore(engine, path, s.to)).rejects.toThrow(why);
  expect(lstatSync(join(s.to, mine)).isDirectory()).toBe(mine.endsWith('/'));
});
