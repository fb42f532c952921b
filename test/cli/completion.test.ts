import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NAMES } from '../../engine/cli/commands.ts';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';

let house: Awaited<ReturnType<typeof served>>;
beforeAll(async () => {
  house = await served({ names: ['lab', 'train'] });
});
afterAll(() => house[Symbol.asyncDispose]());

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

test.each(['bash', 'zsh', 'fish'])('%s hears of every command and its options', async (shell) => {
  const { code, out } = await run(house.home, ['completion', shell]);
  expect(code).toBe(0);
  for (const name of NAMES) expect(out).toContain(name);
  expect(out).toContain('max-price');
  if (has(shell)) execFileSync(shell, ['-n'], { input: out });
});

test('bash completes commands, options and workspaces', async () => {
  const { out } = await run(house.home, ['completion', 'bash']);
  const complete = (...words: string[]): string[] => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _dumont; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const script = `dumont() { printf 'lab\\ntrain\\n'; }\n${out}\n${line}`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  };
  expect(complete('dumont', 'hi')).toEqual(['hibernate']);
  expect(complete('dumont', 'wake', '--max')).toEqual(['--max-price']);
  expect(complete('dumont', 'wake', 't')).toEqual(['train']);
});

test('names of workspaces come from the engine', async () => {
  expect((await run(house.home, ['completion', 'workspaces'])).out).toBe('lab\ntrain\n');
});

test('an unknown shell is named', async () => {
  const { code, err } = await run(house.home, ['completion', 'tcsh']);
  expect([code, err]).toEqual([64, expect.stringContaining('knows bash, zsh, fish, not "tcsh"')]);
});
