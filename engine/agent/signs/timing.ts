/** When signs are looked at. Handed in, so that a test moves it by hand. */
export interface Timing {
  /** Milliseconds since 1970, by the machine's clock, which may jump. */
  now(): number;
  /** Milliseconds that pass whatever anybody does to the clock. */
  steady(): number;
  /** Calls again and again, until it is disposed of; keeps no process alive. */
  every(ms: number, work: () => void): Disposable;
}

export const realTiming: Timing = {
  now: () => Date.now(),
  steady: () => performance.now(),
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};
