import type { Charge } from '../../../engine/domain/journals.ts';
import { costOf } from '../../../engine/domain/money.ts';
import { isOurs } from '../laws.ts';
import type { SimulatedWorld } from '../world.ts';

/** Law 3: what the ledger says is what the marketplace charges. */
export function billAgrees(world: SimulatedWorld): void {
  const { journals, laws, marketplace, clock } = world;
  const rows = laws.rows();
  // A crash, or an engine that was thought dead, writes an entry again: it has the same name and counts once.
  const once = new Map(journals.entries.ledger.map((charge) => [charge.id, charge])).values();
  const byMachine = Map.groupBy(once, ({ machine }) => machine ?? '');
  for (const machine of marketplace.machines.values()) {
    if (!isOurs(machine) || !machine.destroyed) continue;
    const from = machine.createdAt;
    const until = marketplace.endedAt(machine.instance) ?? clock.now();
    const charges = rows
      .filter((row) => row.label === machine.label)
      .flatMap((row) => byMachine.get(row.id) ?? [])
      .toSorted((a, b) => a.from - b.from);
    // Of one that ended in no list nobody could see that it still ran: it was counted as gone, and then an engine that had
    // stood still since before that destroyed it.
    const seen = machine.endedUnseen ? Math.min(until, charges.at(-1)?.until ?? until) : until;
    const missing = uncovered(from, seen, charges);
    if (missing > 0) laws.breaks(3, `${missing / 1_000} s of ${machine.instance} are in no ledger`);
    for (const charge of charges) {
      if (Math.abs(charge.micro) !== costOf(machine.offer.dollarsPerHour, charge.until - charge.from))
        laws.breaks(3, `the ledger has ${charge.micro} for ${charge.machine}`);
    }
    const total = charges.reduce(
      (sum, { micro, from: begin, until: end }) => sum + Math.sign(micro) * (end - begin),
      0,
    );
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
