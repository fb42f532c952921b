import type { Bill } from '../domain/bill.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { MicroDollars } from '../domain/money.ts';
import type { Race } from '../domain/race.ts';

/** What the losers of a race cost, as the ledger has it; null while something of it is not there yet, or is not known any more. */
export function wasteInLedger(
  race: Race,
  machines: ReadonlyMap<string, Machine>,
  bills: ReadonlyMap<string, Bill>,
): MicroDollars | null {
  let micro = 0;
  for (const { machine: id } of race.racers) {
    const [machine, bill] = [machines.get(id), bills.get(id)];
    if (!machine) return null;
    if (bill?.for === 'waste') {
      if (bill.endedAt === null) return null;
      micro += enteredOf(bill);
    } else if (!bill && !costNothing(machine)) return null;
  }
  return micro;
}

/** One that was asked for and never was there. */
const costNothing = ({ state, billedUntil }: Machine): boolean => state === 'gone' && billedUntil === null;

/** All entries of its bill: what was metered, less what was taken back of it, and what its marketplace charged. */
function enteredOf({ pieces, lines }: Bill): MicroDollars {
  const metered = pieces.reduce((sum, { micro, settledMicro }) => sum + micro - settledMicro, 0);
  return Object.values(lines).reduce((sum, { micro }) => sum + micro, metered);
}
