import { type AccountSums, addCharge, DAY_MS, type Sums } from '../../engine/domain/ledger.ts';
import type { Savings, SavingsWanted } from '../../engine/domain/savings.ts';
import { savingsOf, tally } from '../../engine/policy/savings.ts';
import { aCharge } from '../contracts/journals.ts';

/** A workspace that ran for four hours on the first day of the period and one hour on the next, and slept besides. */
export function fakeSavings({ period, baseline, by, workspace, user, only }: SavingsWanted, now: number): Savings {
  const tallied = tally(by);
  const { from } = period;
  const hours = 3_600_000;
  const sums: Sums = new Map();
  addCharge(sums, aCharge({ id: 'a', from, until: from + 4 * hours, micro: 1_600_000, marketMicro: 2_000_000 }));
  addCharge(sums, aCharge({ id: 'b', from: from + DAY_MS, until: from + DAY_MS + hours, micro: 400_000 }));
  addCharge(sums, aCharge({ id: 'c', from, until: from + hours / 6, micro: 60_000, for: 'waste' }));
  addCharge(sums, aCharge({ id: 'd', from, until: from + 2 * DAY_MS, micro: 7_000, for: 'storage', machine: null }));
  const account: AccountSums = { workspace: 'lab', owner: 'ana', days: [...sums.values()] };
  const seen = (workspace ?? 'lab') === 'lab' && (user ?? 'ana') === 'ana' && (only?.('lab', 'ana') ?? true);
  const end = Math.max(now, from + 2 * DAY_MS);
  if (seen) tallied.add('lab', 'ana', savingsOf(account, { from, until: end }, baseline, period, end));
  if (seen && by === 'machine') tallied.pay('m1', account.days);
  if (seen && by === 'race') tallied.pay('r1', account.days);
  return { period, baseline, by, total: tallied.total(), rows: tallied.rows() };
}
