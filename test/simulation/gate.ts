import type { Failure } from '../../engine/domain/failures.ts';
import type { FakeClock } from '../fakes/clock.ts';
import type { Dice } from './dice.ts';
import { context, type Process } from './process.ts';

/** What can go wrong at a call. */
export const FAULTS = [
  'refused', // an error before the call did anything
  'lost', // it did what it was asked, and the answer never came
  'hung', // silence until somebody's patience ends; half of these requests arrive late and are carried out
  'killed before', // kill -9 right before the request leaves
  'killed after', // and right after it was carried out
  'frozen before', // the process stands still until its leases are another engine's, and only then does the request leave
  'frozen after',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Cell {
  /** Of the machine, or the loop of the engine. */
  readonly state: string;
  readonly call: string;
}

/** One fault that a life is to meet: at the nth time that this call is made in this state. */
export interface Target extends Cell {
  readonly fault: Fault;
  readonly nth: number;
}

export interface Hit extends Cell {
  readonly fault: Fault;
}

/** A call on its way out of the engine. */
export interface Call<T> {
  readonly name: string;
  /** `muted`: the other side works, and nothing it says arrives. */
  readonly act: (muted: boolean) => Promise<T>;
  readonly failure: () => Failure;
  readonly signal?: AbortSignal | undefined;
  /** Ends a long conversation in the middle. */
  readonly cut?: ((why: unknown) => void) | undefined;
}

export interface Trouble {
  kill(process: Process): void;
  freeze(process: Process): void;
}

/** The one place through which every call of an engine passes: calls are counted here, and faults happen here. */
export class Gate {
  open = true;
  readonly hits: Hit[] = [];
  /** Per state, per call: how often it was made. */
  readonly counts = new Map<string, Map<string, number>>();
  readonly #targets: readonly Target[];
  readonly #dice: Dice;
  readonly #clock: FakeClock;
  readonly #trouble: Trouble;
  readonly #trace: (line: () => string) => void;

  constructor(
    targets: readonly Target[],
    dice: Dice,
    clock: FakeClock,
    trouble: Trouble,
    trace: (line: () => string) => void,
  ) {
    this.#targets = targets;
    this.#dice = dice;
    this.#clock = clock;
    this.#trouble = trouble;
    this.#trace = trace;
  }

  pass<T>(process: Process, call: Call<T>): Promise<T> {
    if (!process.runs) return process.whenItRuns(() => this.pass(process, call));
    const state = context.getStore() ?? 'elsewhere';
    const fault = this.#faultAt(state, call.name);
    if (fault === null) return process.deliver(call.act(false));
    this.hits.push({ state, call: call.name, fault });
    this.#trace(() => `fault: ${fault} at ${call.name} in ${state} of ${process.name}`);
    return this.#meet(fault, process, call);
  }

  #faultAt(state: string, call: string): Fault | null {
    const calls = this.counts.get(state) ?? new Map<string, number>();
    this.counts.set(state, calls);
    const nth = (calls.get(call) ?? 0) + 1;
    calls.set(call, nth);
    if (!this.open) return null;
    for (const target of this.#targets) {
      if (target.nth === nth && target.state === state && target.call === call) return target.fault;
    }
    return null;
  }

  #meet<T>(fault: Fault, process: Process, call: Call<T>): Promise<T> {
    const delayMs = call.cut ? this.#dice.tail(0, 9_000) : 0;
    switch (fault) {
      case 'refused':
        return process.deliver(Promise.reject(call.failure()));
      case 'lost':
        if (call.cut) this.#after(delayMs, () => call.cut?.(call.failure()));
        return process.deliver(
          call.act(false).then(() => {
            throw call.failure();
          }),
        );
      case 'hung':
        return process.deliver(this.#hang(call));
      case 'killed before':
        this.#trouble.kill(process);
        return process.never();
      case 'killed after':
        call.act(false).catch(() => undefined);
        this.#after(delayMs, () => this.#trouble.kill(process));
        return process.never();
      case 'frozen before':
        this.#trouble.freeze(process);
        return process.whenItRuns(() => process.deliver(call.act(false)));
      case 'frozen after': {
        const answer = call.act(false);
        this.#after(delayMs, () => this.#trouble.freeze(process));
        return process.deliver(answer);
      }
    }
  }

  #hang<T>(call: Call<T>): Promise<T> {
    const arrives = this.#dice.maybe(0.5);
    const ms = this.#dice.between(15_000, 70_000);
    if (call.cut) {
      this.#after(ms, () => call.cut?.(call.failure()));
      if (arrives) return call.act(true);
    }
    return new Promise((resolve, reject) => {
      call.signal?.addEventListener('abort', () => reject(call.signal?.reason as Error), { once: true });
      this.#clock.after(ms, () => {
        if (arrives && !call.cut) call.act(false).then(resolve, reject);
        else reject(call.failure());
      });
    });
  }

  #after(ms: number, act: () => void): void {
    if (ms === 0) act();
    else this.#clock.after(ms, act);
  }
}
