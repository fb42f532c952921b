import type { Talk } from '../../engine/domain/events.ts';
import { reasonOf } from '../../engine/domain/failures.ts';
import { readLabel } from '../../engine/domain/layout.ts';
import type { Machine } from '../../engine/domain/lifecycle.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { Claims } from './laws/claims.ts';
import { History } from './laws/history.ts';
import { Words } from './laws/words.ts';
import { Work } from './laws/work.ts';
import type { SimulatedWorld } from './world.ts';

/**
 * The laws of DESIGN.md, by number, and two more: `bug` is anything thrown that is not one of our failures, `end` a life
 * that does not come to rest.
 */
export type Law = 1 | 2 | 3 | 4 | 5 | 6 | 'bug' | 'end';

export interface Broken {
  readonly law: Law;
  readonly say: string;
}

/** Watches a world from outside, through the fakes, and never through what the engine believes. */
export class Laws {
  /** The first law that was broken. */
  broken: Broken | null = null;
  readonly history: History;
  readonly work: Work;
  readonly words: Words;
  /** Machines that were out of reach at some time, whatever they held. */
  readonly wasAway = new Set<FakeMachine>();
  readonly #world: SimulatedWorld;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    const breaks = (law: Law, say: string): void => this.breaks(law, say);
    const claims = new Claims(breaks);
    this.history = new History(world, claims);
    this.work = new Work(world, this.history, breaks);
    this.words = new Words(world, this, breaks);
    world.storage.onKeep = (workspace, kept, machine) => this.history.kept(workspace, kept, machine);
    world.storage.onFetch = (machine, order) => {
      claims.given(machine, order);
      this.work.fetched(machine, order);
      world.onFetch(machine);
    };
    world.marketplace.onRent = (machine) => this.#rented(machine);
    world.marketplace.onDestroy = (machine) => this.#destroyed(machine);
    world.store.onSave = (kind, row, before) => {
      if (kind === 'workspaces') {
        claims.workspaceSaved(row as never, before as never);
        this.work.workspaceSaved(row as never);
      }
      if (kind === 'machines') {
        claims.machineSaved(row as never, this.rows());
        this.work.machineSaved(row as never, before as never);
      }
      if (kind === 'operations') this.words.written(row as never);
      if (kind === 'snapshots') this.history.entered((row as { id: string }).id, breaks);
    };
  }

  breaks(law: Law, say: string): void {
    if (this.broken) return;
    this.broken = { law, say };
    this.#world.trace(() => `LAW ${law} is broken: ${say}`);
  }

  bug(what: string, cause: unknown): void {
    this.breaks('bug', `${what}: ${cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause)}`);
  }

  told(talk: Talk): void {
    if (talk.event === 'snapshot.proved') this.history.entered(talk.snapshot, (law, say) => this.breaks(law, say));
    this.words.told(talk);
  }

  /** The machine behind a record; null while the marketplace's answer is not known, or when there is none. */
  machineOf(row: Machine | undefined): FakeMachine | null {
    return (row?.instance && this.#world.marketplace.machines.get(row.instance)) || null;
  }

  /** People were told that they can work on it. */
  isLetIn(machine: FakeMachine): boolean {
    return this.rows().some((row) => row.instance === machine.instance && row.entered.running !== undefined);
  }

  rows(): readonly Machine[] {
    return [...this.#world.store.rows('machines').values()];
  }

  #rented(machine: FakeMachine): void {
    this.#world.trace(() => `${machine.instance} is rented as ${machine.label}`);
    this.#world.onRent(machine);
    for (const other of this.#world.marketplace.machines.values()) {
      if (other !== machine && other.label === machine.label)
        this.breaks(3, `${machine.instance} was rented for the same intent as ${other.instance}`);
    }
  }

  #destroyed(machine: FakeMachine): void {
    this.#world.trace(() => `${machine.instance} is destroyed`);
    if (isOurs(machine)) this.work.destroyed(machine);
    else this.breaks(3, `${machine.instance} is not ours and was destroyed`);
  }
}

export const isOurs = (machine: FakeMachine): boolean => readLabel(machine.label)?.installation === 'test';
