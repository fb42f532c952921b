import { once } from 'node:events';
import { Failure } from '../domain/failures.ts';
import type { Screen } from './screen.ts';

/** A line that is not shown while it is typed. Where nobody sits at a terminal it is the next line of standard input. */
export async function readSecret(
  prompt: string,
  screen: Screen,
  signal: AbortSignal,
  what = 'password',
): Promise<string> {
  if (screen.asks) process.stderr.write(prompt);
  const { stdin } = process;
  const hidden = screen.asks && stdin.isTTY;
  if (hidden) stdin.setRawMode(true);
  try {
    return hidden ? await typed(signal) : await nextLine(what, signal);
  } finally {
    if (hidden) {
      stdin.setRawMode(false);
      stdin.pause();
      process.stderr.write('\n');
    }
  }
}

/** What came behind the lines that were asked for so far. */
let behind = '';

async function nextLine(what: string, signal: AbortSignal): Promise<string> {
  const stdin = process.stdin.setEncoding('utf8');
  while (!behind.includes('\n')) {
    const more = stdin.read() as string | null;
    if (more !== null) behind += more;
    else if (stdin.readableEnded) break;
    else await Promise.race([once(stdin, 'readable', { signal }), once(stdin, 'end', { signal })]);
  }
  stdin.pause(); // what stays open must not keep us
  const [line = ''] = behind.split(/\r?\n/, 1);
  behind = behind.slice(line.length).replace(/^\r?\n/, '');
  if (line === '') throw new Failure('bad_request', { why: `No ${what} came on standard input.` });
  return line;
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
