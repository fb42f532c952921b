import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Screen } from './screen.ts';

/** A line that somebody types; null where nobody can be asked. */
export async function askLine(prompt: string, screen: Screen, signal: AbortSignal): Promise<string | null> {
  if (!screen.asks) return null;
  process.stderr.write(prompt);
  // Not as a terminal of its own: Ctrl-C stays a signal, and the end of the input is an answer too.
  const input = createInterface({ input: process.stdin, terminal: false });
  try {
    const ended = once(input, 'close').then(() => '');
    return (await Promise.race([once(input, 'line', { signal }).then(([line]) => String(line)), ended])).trim();
  } finally {
    input.close();
  }
}
