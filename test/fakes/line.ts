import type { AgentEvent } from '../../engine/domain/agent-protocol.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { Command, Output, Shell } from '../../engine/domain/ports.ts';
import type { FakeClock } from './clock.ts';

/** SSH notices a silent machine this late. */
const KEEPALIVE_MS = 15_000;

/** What a program on a machine has of the one who started it. */
export interface Line {
  /** Aborts when the connection is gone: the caller left, the deadline passed, or the machine fell silent. */
  readonly signal: AbortSignal;
  emit(event: AgentEvent): void;
  /** The next line on standard input. */
  next(): Promise<string>;
}

type Run = Parameters<Shell['run']>;

/** Runs a program at the other end of a connection, for as long as the connection lasts. */
export async function overLine(
  answers: () => boolean,
  clock: FakeClock,
  [command, signal, onLine = () => undefined]: Run,
  program: (line: Line) => Promise<Output>,
): Promise<Output> {
  signal.throwIfAborted();
  const hungUp = new AbortController();
  const leave = (): void => hungUp.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  const silent = (): Failure => new Failure('ssh_lost', { why: 'the machine is silent' });
  let cancelBeat = clock.after(KEEPALIVE_MS, function beat() {
    if (!answers()) hungUp.abort(silent());
    else cancelBeat = clock.after(KEEPALIVE_MS, beat);
  });
  const cancelDeadline = clock.after(command.timeoutMs, () => hungUp.abort(timedOut(command)));
  const inbox = new Inbox(hungUp.signal);
  try {
    if (!answers()) throw silent();
    return await program({
      signal: hungUp.signal,
      next: () => inbox.next(),
      emit(event) {
        if (!answers()) throw silent();
        onLine(JSON.stringify(event), (line) => inbox.give(line));
      },
    });
  } finally {
    cancelBeat();
    cancelDeadline();
    signal.removeEventListener('abort', leave);
  }
}

const timedOut = ({ argv, timeoutMs }: Command): Failure =>
  new Failure('command_timed_out', { command: argv.join(' '), seconds: timeoutMs / 1_000 });

/** Lines said to a program on its standard input. */
class Inbox {
  readonly #lines: string[] = [];
  readonly #signal: AbortSignal;
  #waiting: ((line: string) => void) | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  give(line: string): void {
    if (this.#waiting) this.#waiting(line);
    else this.#lines.push(line);
    this.#waiting = null;
  }

  next(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) reject(this.#signal.reason as Error);
      this.#signal.addEventListener('abort', () => reject(this.#signal.reason as Error), { once: true });
      this.#waiting = resolve;
    });
  }
}
