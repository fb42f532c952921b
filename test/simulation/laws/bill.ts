import type { Charge } from '../../../engine/domain/journals.ts';
import { costOf } from '../../../engine/domain/money.ts';
import { isOurs } from '../laws.ts';
import type { SimulatedWorld } from '../world.ts';

/** Law 3: what the ledger says is what the marketplace charges. */
export function billAgrees(world: SimulatedWorld): void {
  const { journals, laws, marketplace, clock } = world;
  const rows = laws.rows();
  const byMachine = new Map<string, Charge>();
  for (const charge of journals.entries.ledger) {
    // A crash, or an engine that was thought dead, writes an entry again; the longest one counts.
    if (charge.until >= (byMachine.get(charge.machine)?.until ?? 0)) byMachine.set(charge.machine, charge);
  }
  for (const machine of marketplace.machines.values()) {
    if (!isOurs(machine) || !machine.destroyed) continue;
    const from = machine.createdAt;
    const until = marketplace.endedAt(machine.instance) ?? clock.now();
    const charges = rows
      .filter((row) => row.label === machine.label)
      .flatMap((row) => byMachine.get(row.id) ?? [])
      .toSorted((a, b) => a.from - b.from);
    const missing = uncovered(from, until, charges);
    if (missing > 0) laws.breaks(3, `${missing / 1_000} s of ${machine.instance} are in no ledger`);
    for (const charge of charges) {
      if (charge.micro !== costOf(machine.offer.dollarsPerHour, charge.until - charge.from))
        laws.breaks(3, `the ledger has ${charge.micro} for ${charge.machine}`);
    }
    const total = charges.reduce((sum, charge) => sum + charge.until - charge.from, 0);
    world.overMs.push(total - (until - from));
  }
}

function uncovered(from: number, until: number, charges: readonly Charge[]): number {
  let missing = 0;
  let reached = from;
  for (const charge of charges) {
    if (charge.from > reached) missing += Math.min(charge.from, until) - reached;
    reached = Math.max(reached, charge.until);
    if (reached >= until) return missing;
  }
  return missing + until - reached;
}
