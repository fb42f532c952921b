import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { type Place, placeAt } from '../../engine/agent/place.ts';
import { scopeOf } from '../../engine/agent/scope.ts';
import { walk } from '../../engine/agent/walk.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});
const order = { include: [], exclude: [], fileBytesMax: 1e9 };
const alive = new AbortController().signal;

function machine(): Place {
  const root = mkdtempSync(join(tmpdir(), 'dumont-ignored-'));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['root', 'workspace', 'data', 'opt/dumont']) mkdirSync(join(root, folder), { recursive: true });
  return placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
}

async function kept(place: Place, exclude: string[] = []): Promise<readonly string[]> {
  const { entries } = await walk(place, scopeOf(place, { ...order, exclude }), alive);
  const inside = entries.filter((entry) => entry.type === 'file' && entry.path.startsWith('workspace/'));
  return inside.map((entry) => entry.path.slice('workspace/'.length)).filter((path) => !path.endsWith('ignore'));
}

function put(place: Place, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(place.root, 'workspace', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(text, 'latin1'));
  }
}

test('the ignore file of a directory decides before those above it, and only there', async () => {
  const place = machine();
  put(place, {
    '.dumontignore': '*.bin\n!/models/keep.bin\nscratch/\n',
    'a.bin': '',
    'models/.dumontignore': '!*.bin\n/local\n',
    'models/b.bin': '',
    'models/local': '',
    'models/deep/local': '',
    'models/deep/.dumontignore': 'c.bin\n',
    'models/deep/c.bin': '',
    'models/deep/d.bin': '',
    'scratch/.dumontignore': '!*\n',
    'scratch/x': '',
  });
  expect(await kept(place)).toEqual(['models/b.bin', 'models/deep/d.bin', 'models/deep/local']);
});

test('a file of the workspace brings back what the defaults and the order leave out', async () => {
  const place = machine();
  put(place, { 'sub/.dumontignore': '!*.log\n!skip.txt\n', 'sub/run.log': '', 'sub/skip.txt': '', 'run.log': '' });
  expect(await kept(place, ['skip.txt'])).toEqual(['sub/run.log', 'sub/skip.txt']);
});

test('a link with the name of an ignore file is none', async () => {
  const place = machine();
  put(place, { 'a.txt': '', rules: '*.txt\n' });
  execFileSync('ln', ['-s', 'rules', join(place.root, 'workspace/.dumontignore')]);
  expect(await kept(place)).toEqual(['a.txt', 'rules']);
});

test('bad lines are named with their files and numbers, and the others count', async () => {
  const place = machine();
  put(place, {
    '.dumontignore': '# fine\n[abc\n*.bin\nend\\\n',
    'sub/.dumontignore': 'nul\0byte\n[[:bogus:]]\n*.dat\n',
    'a.bin': '',
    'sub/b.dat': '',
    'sub/c': '',
  });
  const scope = scopeOf(place, { ...order, exclude: ['*.x', '[y'] });
  const { entries } = await walk(place, scope, alive);
  const files = entries.filter((entry) => entry.type === 'file' && !entry.path.endsWith('ignore'));
  expect(files.map((entry) => entry.path)).toEqual(['workspace/sub/c']);
  expect(
    scope.badLines().map(({ file, number, line, why }) => `${file}:${number} ${line}: ${why.slice(0, 20)}`),
  ).toEqual([
    ':2 [y: a bracket is not clo',
    'workspace/.dumontignore:2 [abc: a bracket is not clo',
    'workspace/.dumontignore:4 end\\: a backslash stands a',
    'workspace/sub/.dumontignore:1 nul\0byte: it holds a NUL byte',
    'workspace/sub/.dumontignore:2 [[:bogus:]]: it names a class of ',
  ]);
});

/** A tree with ignore files anywhere in it. The walk must keep exactly what git would not ignore. */
const name = fc.constantFrom(
  'a',
  'b',
  'ab',
  'a.b',
  '-',
  ' a',
  'b ',
  '*',
  '[a]',
  'a\\b',
  '!a',
  '#a',
  '\xe9',
  '\xff',
  'B',
);
const folder = fc.array(fc.constantFrom('a', 'b', 'ab', '\xe9', '[a]'), { maxLength: 3 });
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '!', '/', '!/', '**/', '!**/'),
    fc.array(
      fc.constantFrom(
        'a',
        'b',
        '*',
        '**',
        '/',
        '?',
        '[ab]',
        '[!a]',
        '[^b]',
        '.',
        '\\',
        '\\!',
        '\\#',
        '\\ ',
        ' ',
        '\\*',
        '-',
        '\xe9',
        '\xff',
        '[[:alpha:]]',
        '#',
        '!',
        '\t',
        '[a',
        '/**/',
        '**/',
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.constantFrom('', '', '/', ' ', '  ', '\\ ', '\r', '/**', '/*'),
  )
  .map(([before, pieces, after]) => `${before}${pieces.join('')}${after}`);
const rules = fc.array(pattern, { minLength: 3, maxLength: 8 }).map((lines) => lines.join('\n'));
const tree = fc.record({
  files: fc.array(fc.tuple(folder, name), { minLength: 10, maxLength: 25 }),
  rules: fc.uniqueArray(fc.tuple(folder, rules), { selector: ([path]) => path.join('/'), minLength: 1, maxLength: 4 }),
});

test('walks what git would not ignore, whatever ignore files lie anywhere in a tree', async () => {
  const place = machine();
  const work = join(place.root, 'workspace');
  let compared = 0;
  let ignored = 0;
  await fc.assert(
    fc.asyncProperty(tree, async (one) => {
      rmSync(work, { recursive: true });
      execFileSync('git', ['init', '-q', work]);
      const raw = (path: string): Buffer => Buffer.concat([Buffer.from(`${work}/`), Buffer.from(path, 'latin1')]);
      const made: string[] = [];
      for (const [folders, file] of one.files) {
        const path = [...folders, file].join('/');
        try {
          mkdirSync(raw(folders.join('/')), { recursive: true });
          if (existsSync(raw(path))) continue;
          writeFileSync(raw(path), '');
          made.push(path);
        } catch {
          // a file stands where this one wants a directory
        }
      }
      for (const [folders, text] of one.rules) {
        try {
          mkdirSync(raw(folders.join('/')), { recursive: true });
        } catch {
          continue;
        }
        for (const kind of ['.gitignore', '.dumontignore'])
          writeFileSync(raw([...folders, kind].join('/')), Buffer.from(text, 'latin1'));
      }
      const git = await gitKeeps(work, made);
      const ours = new Set(await kept(place, ['/workspace/.git/']));
      const told = one.rules.map(([path, text]) => `${path.join('/')}: ${JSON.stringify(text)}`).join('; ');
      expect([told, ...made.filter((path) => ours.has(path))]).toEqual([told, ...made.filter((path) => git.has(path))]);
      compared += made.length;
      ignored += made.length - git.size;
    }),
    { numRuns: 50 },
  );
  expect(compared).toBeGreaterThan(200);
  expect(ignored).toBeGreaterThan(40);
}, 60_000);

async function gitKeeps(work: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  // As files that git does not know and would add: those that it does not ignore.
  const out = execFileSync(
    'git',
    ['-c', 'core.excludesFile=/dev/null', 'ls-files', '-z', '--others', '--exclude-per-directory=.gitignore'],
    {
      cwd: work,
    },
  );
  const found = new Set(out.toString('latin1').split('\0'));
  return new Set(paths.filter((path) => found.has(path)));
}
