import { seeded } from '../fakes/chance.ts';

/** Chance that depends on the seed alone. */
export class Dice {
  readonly roll: () => number;

  constructor(words: string) {
    this.roll = seeded(words);
  }

  maybe(share: number): boolean {
    return this.roll() < share;
  }

  between(low: number, high: number): number {
    return Math.floor(low + this.roll() * (high - low));
  }

  /** Mostly near the low end, now and then near the high one. */
  tail(low: number, high: number): number {
    return Math.floor(low + this.roll() ** 3 * (high - low));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.roll() * list.length)] as T;
  }
}
