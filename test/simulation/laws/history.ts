import type { FakeMachine } from '../../fakes/machine.ts';
import type { Files, Kept } from '../../fakes/storage.ts';
import type { Law } from '../laws.ts';
import type { SimulatedWorld } from '../world.ts';
import type { Claims } from './claims.ts';

/** A backup as it really was, whatever became of it in storage and in the catalogue. */
export interface Saved {
  readonly id: string;
  readonly at: number;
  /** Of the claim under which its machine really worked. */
  readonly epoch: number;
  readonly files: Files;
  readonly machine: FakeMachine;
  /** The restore before it had ended, so that it holds everything. */
  readonly whole: boolean;
}

/** What was really saved, in the order in which it was saved, and law 6: newest never goes backwards. */
export class History {
  readonly saved = new Map<string, Saved>();
  /** The snapshot that the next wake must bring. */
  newest: Saved | null = null;
  readonly #entered = new Set<string>();
  readonly #world: SimulatedWorld;
  readonly #claims: Claims;

  constructor(world: SimulatedWorld, claims: Claims) {
    this.#world = world;
    this.#claims = claims;
  }

  /** What is saved from it may become newest. */
  isOfLatestClaim(machine: FakeMachine): boolean {
    return machine.claim?.epoch === this.#claims.epoch;
  }

  kept(_workspace: string, kept: Kept, machine: FakeMachine): void {
    this.#world.trace(() => `${machine.instance} saves ${kept.id.slice(0, 8)}: ${words(kept.files)}`);
    this.saved.set(kept.id, {
      id: kept.id,
      at: this.#world.clock.now(),
      epoch: machine.claim?.epoch ?? 0,
      files: kept.files,
      machine,
      whole: kept.whole,
    });
  }

  /** A snapshot is in the catalogue, or somebody was told so. */
  entered(id: string, breaks: (law: Law, say: string) => void): void {
    const saved = this.saved.get(id);
    if (!saved) {
      breaks(4, `snapshot ${id.slice(0, 8)} is in the catalogue and was never saved`);
      return;
    }
    if (this.#entered.has(id)) return;
    this.#entered.add(id);
    if (!saved.whole || saved.epoch < this.#claims.epoch) return;
    if (this.newest && isAfter(this.newest, saved)) return;
    this.newest = saved;
  }
}

const isAfter = (one: Saved, other: Saved): boolean =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.at > other.at);

export const words = (files: Files): string =>
  [...files].map(([path, file]) => `${path}=${file.content}`).join(' ') || 'nothing';
