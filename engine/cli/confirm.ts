import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { askLine } from './ask-line.ts';
import type { Screen } from './screen.ts';

/**
 * Goes on only when a person agreed: by --yes, or by typing `answer` where somebody sits at a terminal. Asking for the
 * name keeps a habit of pressing y from destroying the wrong workspace.
 */
export async function confirm(what: string, answer: string, screen: Screen, signal: AbortSignal): Promise<void> {
  if (screen.yes) return;
  if (!screen.asks)
    throw new Failure('confirmation_needed', { why: `${what} Say it again with --yes if you are sure.` });
  const given = await askLine(`${what}\nType "${answer}" to go on: `, screen, signal);
  if (given !== answer) throw new Failure('confirmation_needed', { why: 'Nothing was done.' });
}

/** Asks the engine, and once more when it wants somebody to agree first and somebody did. */
export async function askAgreed<T>(
  ask: (agreed: boolean) => Promise<T>,
  answer: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<T> {
  return await ask(screen.yes).catch(async (cause: unknown) => {
    if (screen.yes || !isFailure(cause, 'confirmation_needed')) throw cause;
    await confirm(reasonOf(cause), answer, screen, signal);
    return await ask(true);
  });
}
