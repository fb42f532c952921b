import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Failure } from '../domain/failures.ts';
import type { Screen } from './screen.ts';

/**
 * Goes on only when a person agreed: by --yes, or by typing `answer` where somebody sits at a terminal. Asking for the
 * name keeps a habit of pressing y from destroying the wrong workspace.
 */
export async function confirm(what: string, answer: string, screen: Screen, signal: AbortSignal): Promise<void> {
  if (screen.yes) return;
  if (!screen.asks) throw new Failure('confirmation_needed', { why: what });
  process.stderr.write(`${what}\nType "${answer}" to go on: `);
  // Not as a terminal of its own: Ctrl-C stays a signal, and the end of the input is an answer too.
  const input = createInterface({ input: process.stdin, terminal: false });
  try {
    const ended = once(input, 'close').then(() => '');
    const given = await Promise.race([once(input, 'line', { signal }).then(([line]) => String(line)), ended]);
    if (given.trim() !== answer) throw new Failure('confirmation_needed', { why: 'Nothing was done.' });
  } finally {
    input.close();
  }
}
