import { reasonOf } from '../../domain/failures.ts';
import type { Log } from './log.ts';
import { upMs } from './moment.ts';

/**
 * A mistake of ours in one callback is no reason to stop backing up: it is logged, and everything else goes on. Many of them
 * are, since then nobody knows what still works: `giveUp`, and whoever is started in our place begins anew.
 */
export function outliveMistakes(log: Log, giveUp: (cause: unknown) => void): Disposable {
  let lately: number[] = [];
  const onMistake = (cause: unknown): void => {
    const stack = cause instanceof Error ? (cause.stack ?? '') : '';
    log('agent.mistaken', { why: reasonOf(cause), stack: stack.slice(0, STACK_LETTERS) }, 'ERROR');
    lately = [...lately.filter((at) => at > upMs() - LATELY_MS), upMs()];
    if (lately.length < MANY) return;
    process.stderr.write(`${stack || reasonOf(cause)}\n`);
    giveUp(cause);
  };
  process.on('uncaughtException', onMistake);
  process.on('unhandledRejection', onMistake);
  return {
    [Symbol.dispose]() {
      process.off('uncaughtException', onMistake);
      process.off('unhandledRejection', onMistake);
    },
  };
}

const MANY = 20;
const LATELY_MS = 10 * 60_000;
const STACK_LETTERS = 2_000;
