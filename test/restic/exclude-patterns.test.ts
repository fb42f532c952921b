import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patternFile, patternsFor } from '../../engine/restic/exclude-patterns.ts';
import { resticProgram } from './which-restic.ts';

test('one pattern stands for many paths where nothing that is kept matches it', () => {
  const left = ['w/a/x.pyc', 'w/b/y.pyc', 'w/a/__pycache__', 'w/b/__pycache__'];
  expect(patternsFor(left, ['w', 'w/a', 'w/b', 'w/a/x.py'], '/m')).toEqual(['*.pyc', '__pycache__']);
});

test('what is kept elsewhere under the same name or ending stays', () => {
  const kept = ['w', 'w/a', 'w/a/keep.log', 'w/b', 'w/b/cache', 'w/b/c'];
  expect(patternsFor(['w/b/x.log', 'w/b/y.log'], kept, '')).toEqual(['/w/b/*.log']);
  expect(patternsFor(['w/a/cache'], kept, '')).toEqual(['/w/a/cache']);
  expect(patternsFor(['w/b/c/1', 'w/b/c/2'], [...kept, 'w/1', 'w/2'], '')).toEqual(['/w/b/c/*']);
});

test('a folder above the root counts as kept', () => {
  expect(patternsFor(['w/x.log'], ['w', 'w/a'], '/tmp/my.log')).toEqual(['/tmp/my.log/w/*.log']);
});

test.skipIf(resticProgram === null)('restic leaves out exactly these, whatever they are called', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-patterns-'));
  try {
    const awkward = [
      '$HOME',
      '*',
      '?',
      '[a]',
      'a',
      '\\',
      ' x',
      'x ',
      'x\t',
      'n\nl',
      'nxl',
      '\xff',
      '\xfe',
      '#',
      '!',
      'é',
      '"',
    ];
    const names = [...awkward.map((name) => Buffer.from(name, 'latin1')), Buffer.from('nbsp\u00a0'), Buffer.from('日')];
    mkdirSync(join(folder, 'w'));
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(join(folder, 'w/')), name]), '');
    const raw = names.map((name) => `w/${name.toString('latin1')}`);
    const left = raw.filter((_, index) => index % 2 === 0);
    const kept = raw.filter((_, index) => index % 2 === 1);
    for (const [out, inside] of [
      [left, kept],
      [kept, left],
    ] as const) {
      writeFileSync(join(folder, 'patterns'), patternFile(patternsFor(out, ['w', ...inside], folder)));
      const said = execFileSync(
        resticProgram!,
        ['backup', '--dry-run', '-vv', '--json', '--no-scan', '--exclude-file', 'patterns', 'w'],
        { cwd: folder, encoding: 'utf8', env: { ...repository(folder) } },
      );
      const summary = JSON.parse(said.trim().split('\n').at(-1)!) as { files_new: number };
      const items = [...said.matchAll(/"item":("[^}]*?"),"duration"/g)].map(([, item]) => JSON.parse(item!) as string);
      const printed = (path: string): string => `/${Buffer.from(path, 'latin1').toString('utf8')}`;
      expect(summary.files_new).toBe(inside.length);
      expect(items.filter((item) => !item.endsWith('/')).toSorted()).toEqual(inside.map(printed).toSorted());
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function repository(folder: string): Record<string, string> {
  const env = {
    RESTIC_REPOSITORY: join(folder, 'repo'),
    RESTIC_PASSWORD: 'x',
    RESTIC_CACHE_DIR: join(folder, 'cache'),
  };
  try {
    execFileSync(resticProgram!, ['init', '--quiet'], { env, stdio: 'ignore' });
  } catch {
    // it is there from the first time
  }
  return env;
}
