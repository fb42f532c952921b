import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../engine/agent/life');

/** What a process of its own prints that makes so many mistakes, and how it ends. */
async function mistaken(times: number): Promise<{ code: number | null; said: string[]; words: string }> {
  const script = `
    const { outliveMistakes } = await import('${FOLDER}/outlive.ts');
    const log = (event, { why, stack }) => console.log(event, why, stack.includes('at '));
    const mistakes = outliveMistakes(log, (cause) => { console.log('gives up', cause.message); process.exit(3); });
    let made = 0;
    const timer = setInterval(() => {
      made += 1;
      if (made === ${times}) { clearInterval(timer); setTimeout(() => { console.log('lives'); mistakes[Symbol.dispose](); }, 10); }
      if (made % 2 === 0) throw new Error('thrown ' + made);
      void Promise.reject(new Error('rejected ' + made));
    }, 1);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [said, words, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, said: said.trim().split('\n'), words };
}

test('a mistake in a callback is logged, and everything else goes on', async () => {
  const { code, said, words } = await mistaken(3);
  expect(said).toEqual([
    'agent.mistaken rejected 1 true',
    'agent.mistaken thrown 2 true',
    'agent.mistaken rejected 3 true',
    'lives',
  ]);
  expect([code, words]).toEqual([0, '']);
});

test('after many of them it gives up, with its last words', async () => {
  const { code, said, words } = await mistaken(30);
  expect(said.at(-1)).toBe('gives up thrown 20');
  expect(said).toHaveLength(21);
  expect(code).toBe(3);
  expect(words).toContain('Error: thrown 20');
});
