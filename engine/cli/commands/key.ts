import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { didYouMean } from '../../domain/near.ts';
import { command, type Given } from '../command.ts';
import { wrong } from '../read-args.ts';
import { readSecret } from '../read-secret.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'key-main.ts');

type Call = Given<Record<never, never>>;

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<number>>> = { confirm, rotate };

export const key = command({
  name: 'key',
  takes: [{ name: 'ACTION', say: 'confirm or rotate' }],
  examples: [
    ['dumont key confirm', 'type the recovery key as you keep it; until then "dumont doctor" warns'],
    ['dumont key rotate', 'a new one: write it down and type it back; the engine takes it at its next start'],
  ],
  async run(given) {
    const [action = ''] = given.words;
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!act) throw wrong(key, `has no action "${action}".${didYouMean(action, Object.keys(ACTIONS))}`);
    return await act(given);
  },
});

async function confirm({ screen, signal }: Call): Promise<number> {
  const typed = await readSecret('The recovery key, from your copy: ', screen, signal, 'recovery key');
  const { code } = await ask('confirm', typed, signal);
  if (code === 0) screen.print('It is the right one. Keep it where you keep it.');
  return code;
}

async function rotate({ screen, signal }: Call): Promise<number> {
  const { code, out } = await ask('next', '', signal);
  if (code !== 0) return code;
  const { recoveryKey } = JSON.parse(out) as { readonly recoveryKey: string | null };
  if (recoveryKey === null) {
    screen.print('A new master key is confirmed already. Start the engine anew: it seals everything with it then.');
    return 0;
  }
  screen.print(
    `The new recovery key is ${recoveryKey}`,
    'Write it down elsewhere. Nothing has changed yet: until you type it back the old one counts.',
  );
  const typed = await readSecret('The new recovery key, from what you wrote down: ', screen, signal, 'recovery key');
  const confirmed = await ask('confirm-next', typed, signal);
  if (confirmed.code === 0)
    screen.print(
      'Confirmed. Start the engine anew: it seals everything with the new key then, and the old recovery key opens',
      'nothing in storage any more, but for copies in a vault that are still held.',
    );
  return confirmed.code;
}

/** In a process of its own, which alone reads the key. */
async function ask(
  action: string,
  typed: string,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly out: string }> {
  const child = spawn(process.execPath, [PROGRAM, action], { stdio: ['pipe', 'pipe', 'inherit'], signal });
  child.stdin.on('error', () => undefined); // it has ended, and said why
  child.stdin.end(`${typed}\n`);
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
  return { code: code ?? 1, out };
}
