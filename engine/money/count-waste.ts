import type { Ports } from '../domain/ports.ts';
import { wasteInLedger } from '../policy/race-waste.ts';
import { update } from '../steps/update.ts';

/**
 * Puts the ledger's figure where a race's own estimate stood, once its last loser is in the books. `again`: also where that was
 * done before, since a marketplace's own bill came meanwhile. It is told before it is noted: twice rather than never.
 */
export async function countWaste(ports: Ports, { again }: { readonly again: boolean }): Promise<void> {
  const races = (await ports.store.list('races')).filter(({ outcome }) => outcome && (again || !outcome.counted));
  if (races.length === 0) return;
  const machines = new Map((await ports.store.list('machines')).map((row) => [row.id, row]));
  const bills = new Map((await ports.store.list('bills')).map((row) => [row.id, row]));
  for (const race of races) {
    const { id, workspace, operation, outcome } = race;
    const wasteMicro = wasteInLedger(race, machines, bills);
    if (wasteMicro === null || (outcome?.counted && outcome.wasteMicro === wasteMicro)) continue;
    ports.tell({ event: 'race.counted', workspace, race: id, operation, wasteMicro });
    await update(ports.store, 'races', id, (row) =>
      row.outcome ? { ...row, outcome: { ...row.outcome, wasteMicro, counted: true } } : null,
    );
  }
}
