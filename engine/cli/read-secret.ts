import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Failure } from '../domain/failures.ts';
import type { Screen } from './screen.ts';

/** A line that is not shown while it is typed. Where nobody sits at a terminal it is the first line of standard input. */
export async function readSecret(prompt: string, screen: Screen, signal: AbortSignal): Promise<string> {
  if (screen.asks) process.stderr.write(prompt);
  const { stdin } = process;
  const hidden = screen.asks && stdin.isTTY;
  if (hidden) stdin.setRawMode(true);
  try {
    return hidden ? await typed(signal) : await firstLine(signal);
  } finally {
    if (hidden) {
      stdin.setRawMode(false);
      stdin.pause();
      process.stderr.write('\n');
    }
  }
}

async function firstLine(signal: AbortSignal): Promise<string> {
  const input = createInterface({ input: process.stdin, terminal: false });
  try {
    const ended = once(input, 'close').then(() => '');
    const line = await Promise.race([once(input, 'line', { signal }).then(([text]) => String(text)), ended]);
    if (line === '') throw new Failure('bad_request', { why: 'No password came on standard input.' });
    return line;
  } finally {
    input.close();
  }
}

/** Raw keys: with the terminal's own editing off, the few that people use are ours. */
async function typed(signal: AbortSignal): Promise<string> {
  let line = '';
  process.stdin.setEncoding('utf8').resume();
  for (;;) {
    const [keys] = (await once(process.stdin, 'data', { signal })) as [string];
    for (const key of keys) {
      if (key === '\r' || key === '\n') return line;
      if (key === '\u0003' || key === '\u0004') throw new Failure('bad_request', { why: 'Nothing was done.' });
      if (key === '\u007f' || key === '\b') line = [...line].slice(0, -1).join('');
      else if (key === '\u0015') line = '';
      else if (key >= ' ') line += key;
    }
  }
}
