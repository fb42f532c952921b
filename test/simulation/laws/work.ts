import type { RestoreOrder } from '../../../engine/domain/agent-protocol.ts';
import type { Machine } from '../../../engine/domain/lifecycle.ts';
import { hasGpu } from '../../../engine/domain/marketplace.ts';
import { newestGood } from '../../../engine/domain/snapshot.ts';
import type { Workspace } from '../../../engine/domain/workspace.ts';
import type { FakeMachine } from '../../fakes/machine.ts';
import type { Files } from '../../fakes/storage.ts';
import type { Law } from '../laws.ts';
import type { SimulatedWorld } from '../world.ts';
import { type History, type Saved, words } from './history.ts';

/**
 * Law 1: nothing is destroyed whose newest work is not in storage. Law 5: what is restored is what was saved. Law 6: and it
 * is what was saved last, unless somebody chose another.
 */
export class Work {
  /** A person said that what is on the machine may go. */
  agreed = false;
  /** Whose work was in storage when they were destroyed. What held it may have been thinned out since, for what came after it. */
  readonly wasSafe = new WeakSet<FakeMachine>();
  /** The machines that this was about, by their records. */
  readonly #abandoned = new Set<string>();
  /** The machine of the last claim, by its record. */
  #holder: string | null = null;
  /** What each machine was to be given, by its record, when its restore began. */
  readonly #due = new Map<string, string | null>();
  readonly #world: SimulatedWorld;
  readonly #history: History;
  readonly #breaks: (law: Law, say: string) => void;

  constructor(world: SimulatedWorld, history: History, breaks: (law: Law, say: string) => void) {
    this.#world = world;
    this.#history = history;
    this.#breaks = breaks;
  }

  destroyed(machine: FakeMachine): void {
    if (machine.touched.size === 0 || this.isGivenUp(machine)) return;
    const holders = this.holdersOf(machine);
    if (holders.length > 0) this.wasSafe.add(machine);
    if (holders.length === 0) {
      this.#breaks(1, `${machine.instance} was destroyed with unsaved work: ${words(machine.files)}`);
      return;
    }
    if (this.#history.isOfLatestClaim(machine) && !holders.some((saved) => saved === this.#history.newest))
      this.#breaks(1, `the next wake would not bring what ${machine.instance} held: ${words(machine.files)}`);
  }

  /** Snapshots that are in storage now and hold all that was done on it. */
  holdersOf(machine: FakeMachine): readonly Saved[] {
    return [...this.#history.saved.values()].filter(
      (saved) => saved.machine === machine && this.isInStorage(saved) && holds(saved, machine),
    );
  }

  isInStorage(saved: Saved): boolean {
    const kept = this.#world.storage.repository(WORKSPACE).get(saved.id);
    return kept !== undefined && equal(kept.files, saved.files);
  }

  isGivenUp(machine: FakeMachine): boolean {
    return [...this.#world.store.rows('machines').values()].some(
      (row) => this.#abandoned.has(row.id) && row.instance === machine.instance,
    );
  }

  workspaceSaved({ wish, claim }: Workspace): void {
    if (this.agreed) for (const machine of wish.abandon?.machines ?? []) this.#abandoned.add(machine);
    if (!claim || claim.machine === this.#holder) return;
    const { machines } = this.#world.marketplace;
    const before = machines.get(this.#world.store.rows('machines').get(this.#holder ?? '')?.instance ?? '');
    this.#holder = claim.machine;
    if (before && !hasGpu(before.offer)) this.#leftBehind(before);
  }

  /** A standby makes room only when all that was done on it is saved. */
  #leftBehind(standby: FakeMachine): void {
    const gone = standby.destroyed || this.#world.laws.wasAway.has(standby);
    if (gone || standby.touched.size === 0 || this.isGivenUp(standby)) return;
    if (this.holdersOf(standby).length === 0)
      this.#breaks(1, `the standby ${standby.instance} made room with unsaved work: ${words(standby.files)}`);
  }

  machineSaved(row: Machine, before: Machine | null): void {
    if (row.state === 'restoring' && before?.state !== 'restoring') this.#due.set(row.id, this.#wanted());
  }

  fetched(machine: FakeMachine, order: RestoreOrder): void {
    const { snapshot } = order;
    this.#world.trace(() => `${machine.instance} restores ${snapshot?.id.slice(0, 8) ?? 'nothing'}`);
    const saved = snapshot && this.#history.saved.get(snapshot.id);
    if (saved && !this.isInStorage(saved))
      this.#breaks(5, `storage gives back something else than was saved as ${saved.id.slice(0, 8)}`);
    const due = [this.#due.get(order.machine) ?? null, this.#wanted()];
    if (!due.includes(snapshot?.id ?? null))
      this.#breaks(6, `${short(snapshot?.id)} was restored, and ${due.map(short).join(' or ')} was due`);
  }

  #wanted(): string | null {
    const asked = this.#world.store.rows('workspaces').get(WORKSPACE)?.wish.snapshot ?? null;
    const newest = this.#history.newest?.id ?? null;
    if (asked === null) return newest;
    // What was saved since goes on from it: under a later claim than all that was there when somebody asked.
    const rows = this.#world.store.rows('snapshots');
    const before = [...rows.values()].filter((row) => row.setAside !== null || row.id === asked);
    const since = newest !== null && before.every(({ epoch }) => (rows.get(newest)?.epoch ?? 0) > epoch);
    return since ? newest : asked;
  }

  /** What the catalogue would wake from. */
  catalogued(): string | null {
    return newestGood([...this.#world.store.rows('snapshots').values()])?.id ?? null;
  }
}

export const WORKSPACE = 'lab';

const short = (id: string | null | undefined): string => id?.slice(0, 8) ?? 'nothing';

/** A whole snapshot must be the same as the disk; for one that is not, what somebody did must be in it. */
function holds(saved: Saved, machine: FakeMachine): boolean {
  if (saved.whole) return equal(saved.files, machine.files);
  return [...machine.touched].every(([path, content]) => (saved.files.get(path)?.content ?? null) === content);
}

export function equal(a: Files, b: Files): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [path, file] of a) {
    const other = b.get(path);
    if (other !== file && (other?.content !== file.content || other.mtimeMs !== file.mtimeMs)) return false;
  }
  return true;
}
