import type { Clock } from '../../engine/domain/ports.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
  dead: boolean;
}

/** Time that moves only by hand. Everything the fakes wait for goes through it, so a year passes in a moment. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers: Timer[] = [];

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = this.after(ms, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Calls back when `ms` have passed, unless what it returns was called before. */
  after(ms: number, fire: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire, dead: false };
    this.#push(timer);
    return () => {
      timer.dead = true;
    };
  }

  /** Lets everything that is ready run, then moves to the next timer, until `ms` have passed or `until` holds. */
  async advance(ms: number, until: () => boolean = () => false): Promise<boolean> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      if (until()) return true;
      const next = this.#pop(end);
      if (!next) break;
      this.#now = next.at;
      next.fire();
    }
    this.#now = end;
    await settle();
    return until();
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    heap.push(timer);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(heap[parent] as Timer, timer)) break;
      heap[i] = heap[parent] as Timer;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(end: number): Timer | null {
    const heap = this.#timers;
    for (;;) {
      const first = heap[0];
      if (!first || (!first.dead && first.at > end)) return null;
      const last = heap.pop() as Timer;
      if (heap.length > 0) this.#sink(last);
      if (!first.dead) return first;
    }
  }

  #sink(timer: Timer): void {
    const heap = this.#timers;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (before(timer, heap[child] as Timer)) break;
      heap[i] = heap[child] as Timer;
      i = child;
    }
    heap[i] = timer;
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** One turn of the event loop: every promise that could go on has gone on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
