import { execFile } from 'node:child_process';

/** Answered so often within the time that systemd gives us, so that one lost answer does not end us. */
const ANSWERS = 3;
const MICROSECONDS = 1_000;
const ANSWERED_WITHIN_MS = 10_000;

/**
 * systemd says in our environment how often it wants to hear from us, and starts anew what does not answer: an event loop that
 * stands still would otherwise hold its machines' drivers for ever. Node cannot write to such a socket; systemd's own program
 * can, and is there wherever somebody asks.
 */
export function keepWatched(environment: NodeJS.ProcessEnv, complain: (why: string) => void): Disposable {
  const everyMs = Number(environment.WATCHDOG_USEC ?? 0) / MICROSECONDS / ANSWERS;
  if (!(everyMs > 0) || !environment.NOTIFY_SOCKET) return { [Symbol.dispose]: () => undefined };
  const answer = (): void => {
    execFile('systemd-notify', ['WATCHDOG=1'], { env: environment, timeout: ANSWERED_WITHIN_MS }, (cause) => {
      if (cause) complain(`systemd was not told that the engine lives: ${cause.message}`);
    });
  };
  answer();
  const timer = setInterval(answer, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
