import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { ignoreRules } from '../../engine/agent/ignore-rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'dumont-ignore-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
execFileSync('git', ['init', '-q', folder]);

/** What git itself says: is the path left out, by its own rule or by that of a folder above it? */
function gitIgnores(rules: string, paths: readonly string[]): ReadonlySet<string> {
  writeFileSync(join(folder, '.gitignore'), Buffer.from(rules, 'latin1'));
  try {
    const out = execFileSync('git', ['check-ignore', '-z', '--no-index', '--stdin'], {
      cwd: folder,
      input: Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1'),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const found = out.toString('latin1').split('\0').slice(0, -1);
    return new Set(found.map((path) => path.slice(2)));
  } catch (error) {
    if ((error as { status?: number }).status === 1) return new Set();
    throw error;
  }
}

function ours(text: string, path: string): boolean {
  const rules = ignoreRules(text);
  const directory = path.endsWith('/');
  const parts = path.replace(/\/$/, '').split('/');
  return parts.some((name, depth) => {
    const isDirectory = depth < parts.length - 1 || directory;
    const rule = rules.findLast((one) => one.matches(parts.slice(0, depth + 1).join('/'), name, isDirectory));
    return rule !== undefined && !rule.keeps;
  });
}

function compare(rules: string, paths: readonly string[]): void {
  const git = gitIgnores(rules, paths);
  for (const path of paths) expect(`${path}: ${ours(rules, path)}`).toBe(`${path}: ${git.has(path)}`);
}

const TABLE: readonly (readonly [rules: string, paths: string])[] = [
  ['*.log', 'a.log b/c.log a.log/x log.a .log'],
  ['*.log\n!keep.log', 'keep.log x/keep.log other.log'],
  ['build/', 'build build/ a/build/ a/build build/x'],
  ['/build', 'build a/build build/x'],
  ['a/b', 'a/b x/a/b a/b/c'],
  ['a/*', 'a/b a/b/c a'],
  ['a/**', 'a/b a/b/c a'],
  ['**/b', 'b a/b a/x/b'],
  ['a/**/b', 'a/b a/x/b a/x/y/b xa/b'],
  ['a**b', 'ab axb a/b'],
  ['b**/a', 'ba b/a bx/y/a bxa'],
  ['?b**/a', 'xba xb/a xbx/a'],
  ['x/***/y', 'x/y x/a/y x/a/b/y'],
  ['***', 'a a/b'],
  ['foo/**bar', 'foo/bar foo/xbar foo/x/bar'],
  ['# comment\n\\#real', '#real # comment'],
  ['\\!bang', '!bang bang'],
  ['trailing   ', 'trailing'],
  ['space\\ ', 'space'],
  ['?', 'a ab \xc3\xa9 \xff'],
  ['??', 'ab \xc3\xa9'],
  ['[a-c]', 'a b c d -'],
  ['[!a-c]', 'a d'],
  ['[^a]', 'a b'],
  ['[]x]', '] x a'],
  ['[!]x]', '] x a'],
  ['[a-]', 'a - b'],
  ['[--0]', '- 0 1 x'],
  ['[z-a]', 'z a m'],
  ['[z-a]b', 'zb ab'],
  ['[\\]]', '] \\'],
  ['[a\\-c]', 'a b c -'],
  ['[[:alpha:]]', 'a 1 Z'],
  ['[[:digit:][:punct:]]', '1 ! a'],
  ['[[:bogus:]]', 'a b :'],
  ['[[:alpha]', '[ : a l'],
  ['[abc', '[abc a'],
  ['a[', 'a[ a'],
  ['[', '['],
  ['end\\', 'end end\\'],
  ['x\\*y', 'x*y xzy'],
  ['\xff*', '\xff \xffa a'],
  ['caf\xc3\xa9', 'caf\xc3\xa9 cafe'],
  ['\xef\xbb\xbfbom', 'bom \xef\xbb\xbfbom'],
  ['crlf\r\nsecond\r', 'crlf second'],
  ['/', 'a a/b'],
  ['//', 'a a/b'],
  ['/*\n!/keep', 'keep keep/a other'],
  ['d/\n!d/x', 'd/x d/y'],
  ['d/*\n!d/x', 'd/x d/y'],
  ['!', '!'],
  ['a//b', 'a/b'],
  ['A', 'a A'],
  ['node_modules/\n!node_modules/', 'node_modules/x'],
];

test.each(TABLE)('%j reads as git reads it', (rules, paths) => {
  compare(rules, paths.split(' '));
});

test('agrees with git on whatever rules somebody writes', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '*',
    '**',
    '?',
    '/',
    '[ab]',
    '[!a]',
    '[a-b]',
    '.',
    '\\',
    '\\*',
    ' ',
    '-',
    '\xe9',
  );
  const line = fc.tuple(
    fc.constantFrom('', '!', '/', '**/'),
    fc.array(piece, { maxLength: 5 }),
    fc.constantFrom('', '/'),
  );
  const rules = fc
    .array(line, { minLength: 1, maxLength: 4 })
    .map((lines) => lines.map((l) => l.flat().join('')).join('\n'));
  const name = fc
    .array(fc.constantFrom('a', 'b', '.', '-', '*', '\xe9'), { minLength: 1, maxLength: 3 })
    .map((n) => n.join(''));
  const path = fc
    .array(
      name.filter((n) => n !== '.' && n !== '..'),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => parts.join('/'));
  fc.assert(
    fc.property(rules, fc.array(path, { minLength: 1, maxLength: 12 }), (text, paths) =>
      compare(text, [...new Set(paths)]),
    ),
    { numRuns: 150 },
  );
});

test('a directory-only rule needs a directory on the disk', () => {
  mkdirSync(join(folder, 'real', 'cache'), { recursive: true });
  mkdirSync(dirname(join(folder, 'file', 'x')), { recursive: true });
  writeFileSync(join(folder, 'file', 'cache'), '');
  const git = gitIgnores('cache/', ['real/cache', 'file/cache']);
  expect([...git]).toEqual(['real/cache']);
  expect(ours('cache/', 'real/cache/')).toBe(true);
  expect(ours('cache/', 'file/cache')).toBe(false);
});
