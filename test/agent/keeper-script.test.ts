import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { KEEPER } from '../../engine/agent/life/keeper-script.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for Node: each time it is started it does what the next line of the plan says. */
function keep(shell: readonly string[], plan: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-keeper-'));
  folders.push(folder);
  const at = (name: string): string => join(folder, name);
  for (const [turn, script] of plan.entries()) writeFileSync(at(`turn-${turn}`), script);
  writeFileSync(
    at('node'),
    `#!/bin/sh\nturn=$(cat ${at('turn')})\necho $((turn + 1)) > ${at('turn')}\necho "$*" >> ${at('log')}\n. ${folder}/turn-$turn\n`,
    { mode: 0o755 },
  );
  writeFileSync(at('turn'), '0');
  writeFileSync(at('program'), '');
  const [program = '', ...options] = shell;
  const args = [...options, '-c', KEEPER, 'dumont-life', at('lifeline'), at('words'), at('node'), at('program'), '--x'];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end('first words\n');
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const read = (name: string): string => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
  return { child, ended, read, said: () => said, names: () => readdirSync(folder) };
}

const SHELLS = ['/bin/sh', 'bash', 'busybox ash'].filter(
  (shell) => spawnSync('sh', ['-c', `${shell} -c true`]).status === 0,
);

describe.each(SHELLS)('%s', (words) => {
  const shell = words.split(' ');

  test('starts another one as often as one dies, tells it what it was told last, and ends when one is done', async () => {
    const { ended, read, said, names } = keep(shell, [
      `cat; echo '{"a":1}' >&3; printf '%s\\n' '{"b":"\\\\n $x"}' >&3; printf '{"torn' >&3; kill -9 $$`,
      'cat; echo dying; exit 1',
      'cat; echo done >&3',
    ]);
    expect(await ended).toBe(0);
    expect(said()).toBe('first words\n');
    const again = '{"b":"\\\\n $x"}\n{"say":"go"}\n';
    expect([read('words.1'), read('words')]).toEqual([`${again}dying\n`, again]);
    expect(read('log').trim().split('\n')).toEqual([
      expect.stringMatching(/^--max-old-space-size=\d+ .*program live --x --kept=first$/),
      expect.stringMatching(/ live --x --kept=again$/),
      expect.stringMatching(/ live --x --kept=again$/),
    ]);
    expect(names().filter((name) => name.startsWith('lifeline'))).toEqual([]);
  });

  test('ends with one that dies before it was told anything', async () => {
    const { ended, read } = keep(shell, ['exit 1', 'echo twice']);
    expect(await ended).toBe(0);
    expect(read('turn').trim()).toBe('1');
  });

  test('told to stop, it tells the one that it keeps', async () => {
    const stopping = `trap 'echo stopped > "$3".stopped; exit' TERM`; // its third word is the program
    const { child, ended, read } = keep(shell, [`${stopping}; echo '{}' >&3; while :; do sleep 0.05; done`]);
    await vi.waitFor(() => expect(read('log')).not.toBe(''), { timeout: 5_000 });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await vi.waitFor(() => expect(read('program.stopped')).toBe('stopped\n'), { timeout: 5_000 });
    expect(read('turn').trim()).toBe('1');
  });
});
