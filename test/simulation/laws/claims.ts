import type { RestoreOrder } from '../../../engine/domain/agent-protocol.ts';
import type { Machine } from '../../../engine/domain/lifecycle.ts';
import type { Workspace } from '../../../engine/domain/workspace.ts';
import type { FakeMachine } from '../../fakes/machine.ts';
import type { Law } from '../laws.ts';

/** Law 2: each claim has an epoch of its own, higher than all before it, and one machine. */
export class Claims {
  /** Of the last claim. */
  epoch = 0;
  /** Who was given the claim of each epoch, by its record. */
  readonly #granted = new Map<number, string>();
  /** And who heard of it. */
  readonly #heard = new Map<number, FakeMachine>();
  readonly #breaks: (law: Law, say: string) => void;

  constructor(breaks: (law: Law, say: string) => void) {
    this.#breaks = breaks;
  }

  workspaceSaved(row: Workspace, before: Workspace | null): void {
    const { claim } = row;
    if (!claim || (before?.claim?.machine === claim.machine && before.claim.epoch === claim.epoch)) return;
    if (claim.epoch <= this.epoch)
      this.#breaks(2, `${claim.machine} was given epoch ${claim.epoch} after ${this.epoch}`);
    this.epoch = claim.epoch;
    this.#granted.set(claim.epoch, claim.machine);
  }

  machineSaved(row: Machine, all: readonly Machine[]): void {
    const { epoch } = row;
    if (epoch === null) return;
    const grantee = this.#granted.get(epoch);
    const twin = all.find((other) => other.epoch === epoch && other.id !== row.id && other.instance !== row.instance);
    if (grantee === undefined) this.#breaks(2, `${row.id} holds epoch ${epoch}, which was never given`);
    if (twin) this.#breaks(2, `${row.id} and ${twin.id} both hold epoch ${epoch}`);
  }

  given(machine: FakeMachine, order: RestoreOrder): void {
    const other = this.#heard.get(order.epoch);
    if (other && other !== machine)
      this.#breaks(2, `${machine.instance} and ${other.instance} were both told that epoch ${order.epoch} is theirs`);
    this.#heard.set(order.epoch, machine);
  }
}
