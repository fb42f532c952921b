import { AsyncLocalStorage } from 'node:async_hooks';
import type { Engine } from '../../engine/domain/doors.ts';
import type { Clock } from '../../engine/domain/ports.ts';
import type { Telling } from '../../engine/process/telling.ts';
import type { FakeClock } from '../fakes/clock.ts';

/** In which state of a machine, or in which loop of the engine, the code runs that makes a call. */
export const context = new AsyncLocalStorage<string>();

/**
 * One engine process. It lives only through the answers it gets: killed, none ever reaches it again, so that not a line
 * of its code runs any more, no clean-up either; frozen, they wait until it is thawed, and it never knows that it stood still.
 */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  /** Asks it to stop as a terminal does. */
  readonly stopping = new AbortController();
  /** What people talk to, once it has started. */
  engine: Engine | null = null;
  telling: Telling | null = null;
  #dead = false;
  #thaw: PromiseWithResolvers<void> | null = null;
  readonly #cuts = new Set<() => void>();
  readonly #funeral = Promise.withResolvers<never>();

  constructor(name: string, clock: FakeClock) {
    this.name = name;
    this.#funeral.promise.catch(() => undefined);
    this.clock = { now: () => clock.now(), sleep: (ms, signal) => this.#sleep(clock, ms, signal) };
  }

  get dead(): boolean {
    return this.#dead;
  }

  get frozen(): boolean {
    return this.#thaw !== null;
  }

  get runs(): boolean {
    return !this.#dead && this.#thaw === null;
  }

  /** It does its work, and was not asked to end it. */
  get works(): boolean {
    return this.runs && !this.stopping.signal.aborted;
  }

  /** As `kill -9`: the kernel closes its connections, and that is all that happens. */
  kill(): void {
    this.#dead = true;
    for (const cut of this.#cuts) cut();
    this.#cuts.clear();
  }

  freeze(): void {
    this.#thaw ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#thaw?.resolve();
    this.#thaw = null;
  }

  /** Calls back when the process is killed, until what it returns is called. */
  onKill(cut: () => void): () => void {
    this.#cuts.add(cut);
    return () => this.#cuts.delete(cut);
  }

  /** Hands an answer over, as soon as there is somebody to take it. */
  deliver<T>(answer: Promise<T>): Promise<T> {
    return answer.then(
      (value) => (this.runs ? value : this.whenItRuns(() => value)),
      (cause: unknown) => {
        if (this.runs) throw cause;
        return this.whenItRuns<T>(() => {
          throw cause;
        });
      },
    );
  }

  async whenItRuns<T>(act: () => T | Promise<T>): Promise<T> {
    while (this.#thaw) await this.#thaw.promise;
    if (this.#dead) return await this.never();
    return await act();
  }

  never(): Promise<never> {
    return this.#funeral.promise;
  }

  /** When its world has ended: everything that still waits ends too, and the memory is free. */
  bury(): void {
    this.kill();
    this.thaw();
    this.stopping.abort(BURIED);
    this.#funeral.reject(BURIED);
  }

  #sleep(clock: FakeClock, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = clock.after(ms, () => {
        signal.removeEventListener('abort', abort);
        if (this.runs) resolve();
        else this.whenItRuns(resolve).catch(reject);
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

const BURIED = new Error('its world has ended');
