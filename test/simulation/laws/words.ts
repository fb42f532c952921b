import type { Talk } from '../../../engine/domain/events.ts';
import type { Machine } from '../../../engine/domain/lifecycle.ts';
import type { Operation } from '../../../engine/domain/operation.ts';
import type { FakeMachine } from '../../fakes/machine.ts';
import type { Law, Laws } from '../laws.ts';
import type { SimulatedWorld } from '../world.ts';

/** Law 4: what a person was told is what happened. Words may come late, so they are about what was, not only what is. */
export class Words {
  /** The operations that people were told of. */
  readonly ended = new Map<string, { readonly ok: boolean; readonly at: number }>();
  /** When people were last warned that a machine is put to sleep. */
  readonly #warnedAt = new Map<string, number>();
  readonly #world: SimulatedWorld;
  readonly #laws: Laws;
  readonly #breaks: (law: Law, say: string) => void;

  constructor(world: SimulatedWorld, laws: Laws, breaks: (law: Law, say: string) => void) {
    this.#world = world;
    this.#laws = laws;
    this.#breaks = breaks;
  }

  told(talk: Talk): void {
    const lie = this.#lie(talk);
    if (lie) this.#breaks(4, `people were told ${talk.event}, and ${lie}`);
  }

  #lie(talk: Talk): string | null {
    const { store } = this.#world;
    const row = 'machine' in talk ? store.rows('machines').get(talk.machine) : undefined;
    const machine = this.#laws.machineOf(row);
    if ('machine' in talk && !row) return `there is no record of ${talk.machine}`;
    switch (talk.event) {
      case 'workspace.usable':
        return machine?.everUsable ? null : `nobody could work on ${talk.machine}`;
      case 'workspace.complete':
        return machine?.complete ? null : `not everything was on ${talk.machine}`;
      case 'race.ended':
        if (talk.winner === null) return null;
        return this.#laws.machineOf(store.rows('machines').get(talk.winner))?.everUsable
          ? null
          : `nobody could work on ${talk.winner}`;
      case 'machine.moved':
        if (row?.entered[talk.to] === undefined) return `${talk.machine} never was ${talk.to}`;
        if (talk.from === 'restoring' && talk.to === 'running' && !machine?.everUsable)
          return `nobody could work on ${talk.machine}`;
        return talk.to === 'gone' ? this.#stillThere(row) : null;
      case 'snapshot.proved': {
        const saved = this.#laws.history.saved.get(talk.snapshot);
        // Whoever stood still says so late: what came after it may have taken its place.
        const thinned = this.#world.storage.forgotten.has(talk.snapshot);
        if (!saved || !(thinned || this.#laws.work.isInStorage(saved)))
          return `storage does not hold ${talk.snapshot.slice(0, 8)}`;
        return saved.files.size === talk.files ? null : `it holds ${saved.files.size} files`;
      }
      case 'save.failed':
        return this.#wasKept(machine);
      case 'work.at_risk':
        return machine && machine.atRisk.length > 0 ? this.#wasKept(machine) : 'nothing was left out';
      case 'machine.lost':
        return machine && this.#laws.wasAway.has(machine) ? null : `${talk.machine} was there all the time`;
      case 'machine.idle_warning':
        this.#warnedAt.set(talk.machine, this.#world.clock.now());
        return machine && this.#isBusy(machine) ? 'it works' : null;
      case 'job.ended':
        return machine?.life?.jobs.get(talk.operation)?.code === talk.code ? null : 'the program did not end so';
      case 'machine.adopted':
        return machine ? null : 'there is no such machine';
      case 'operation.ended':
        return this.#misreported(talk.operation, talk.ok);
      default:
        return null;
    }
  }

  /** A person is told that a machine stays because it could not be saved. It must have stayed, or have gone with its work safe. */
  #wasKept(machine: FakeMachine | null): string | null {
    if (!machine?.destroyed || this.#laws.work.isGivenUp(machine) || this.#laws.wasAway.has(machine)) return null;
    const { work } = this.#laws;
    return machine.touched.size === 0 || work.wasSafe.has(machine) ? null : 'it did not stay';
  }

  #stillThere(row: Machine): string | null {
    const { marketplace, store } = this.#world;
    for (const machine of marketplace.machines.values()) {
      if (machine.label !== row.label || machine.destroyed || this.#laws.wasAway.has(machine)) continue;
      // What arrived after two lists without it belongs to the sweeper.
      if (machine.createdAt >= row.since - this.#world.settings.release.proofGapMs) continue;
      const owned = [...store.rows('machines').values()].some((one) => one.label === row.label && one.state !== 'gone');
      if (!owned) return `${machine.instance} still runs`;
    }
    return null;
  }

  /** What is written down as the end of an operation is true at that moment; words may follow late. */
  written(operation: Operation): void {
    const { id, verb, at, outcome } = operation;
    if (operation.by === 'dumont' && outcome === null) this.#isFair(operation);
    if (!outcome?.ok) return;
    const lie =
      verb === 'snapshot'
        ? this.#notTaken(outcome.facts.snapshot, at)
        : verb === 'hibernate' || verb === 'abandon' || verb === 'pause'
          ? this.#notAsleep()
          : verb === 'run'
            ? this.#notRun(id)
            : this.#notAwake(at);
    if (lie) this.#breaks(4, `${verb} ${id} ended well, and ${lie}`);
  }

  /** Dumont puts to sleep by itself only what is idle, and only after people had time to object. */
  #isFair({ id }: Operation): void {
    const [machine = ''] = id.split('-idle-');
    if (machine === id) return; // the end of a program, which whoever ran it asked for
    const { graceMs } = this.#world.settings.idle;
    const warnedAt = this.#warnedAt.get(machine);
    if (warnedAt === undefined) this.#breaks(4, `${machine} is put to sleep, and nobody was warned`);
    else if (this.#world.clock.now() - warnedAt < graceMs) this.#breaks(4, `${machine} is put to sleep too soon`);
    const row = this.#world.store.rows('machines').get(machine);
    const real = this.#laws.machineOf(row);
    if (real && this.#isBusy(real)) this.#breaks(4, `${machine} is called idle, and works`);
  }

  /** For so long that its heartbeats have said so. */
  #isBusy({ doing, doingSince }: FakeMachine): boolean {
    const sinceMs = this.#world.clock.now() - doingSince;
    return (doing.gpuPercent ?? 100) > 5 && sinceMs > 2 * this.#world.settings.agent.heartbeatMs;
  }

  #notRun(id: string): string | null {
    const machines = [...this.#world.marketplace.machines.values()];
    return machines.some((machine) => machine.life?.jobs.get(id)?.code === 0)
      ? null
      : 'no machine ran it to a good end';
  }

  #misreported(id: string, ok: boolean): string | null {
    const operation = this.#world.store.rows('operations').get(id);
    if (!operation?.outcome) return `operation ${id} has not ended`;
    this.ended.set(id, { ok, at: this.#world.clock.now() });
    return operation.outcome.ok === ok ? null : `operation ${id} ended otherwise`;
  }

  #notTaken(snapshot: unknown, askedAt: number): string | null {
    const saved = this.#laws.history.saved.get(String(snapshot));
    if (!saved || !this.#laws.work.isInStorage(saved)) return 'the snapshot is not in storage';
    return saved.at >= askedAt ? null : 'the snapshot is older than the wish for it';
  }

  #notAwake(askedAt: number): string | null {
    const machines = [...this.#world.marketplace.machines.values()];
    const some = machines.some(
      (machine) => machine.everUsable && (this.#world.marketplace.endedAt(machine.instance) ?? askedAt) >= askedAt,
    );
    return some ? null : 'nobody could work anywhere';
  }

  /** Nobody works any more, and what was done last is what the next wake brings. */
  #notAsleep(): string | null {
    const { work, wasAway } = this.#laws;
    for (const machine of this.#world.marketplace.machines.values()) {
      if (!machine.usable || machine.frozen || wasAway.has(machine) || work.isGivenUp(machine)) continue;
      if (!this.#laws.isLetIn(machine)) continue;
      return `somebody works on ${machine.instance}`;
    }
    const newest = this.#laws.history.newest?.id ?? null;
    return work.catalogued() === newest ? null : 'the next wake would bring something older than what was saved last';
  }
}
