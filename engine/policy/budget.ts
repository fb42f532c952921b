import { type Budget, covers, spentOf } from '../domain/budget.ts';
import type { Need, Offer } from '../domain/marketplace.ts';
import { costOf, dollars, type MicroDollars } from '../domain/money.ts';
import type { Workspace } from '../domain/workspace.ts';
import { misfit } from './ranking.ts';

/** From this share of it on people are told. */
const NEAR = 0.8;

/** Why nothing more may be spent on a workspace; null while something may. Storage and backups go on in any case. */
export function overBudget(
  workspace: Pick<Workspace, 'id' | 'owner'>,
  budgets: readonly Budget[],
  now: number,
): string | null {
  const spent = budgets.find((budget) => covers(budget, workspace) && spentOf(budget, now) >= budget.micro);
  return spent ? `${budgetWords(spent)} is spent` : null;
}

/** `the budget of lab, $5.00 a day`. */
export function budgetWords({ scope, of, per, micro }: Budget): string {
  return `the budget of ${scope === 'all' ? 'everybody' : of}, ${dollars(micro)} a ${per},`.replace(/,$/, '');
}

/** What people should hear of it; null while all is well. */
export function budgetAlarm(
  budget: Budget,
  now: number,
): { readonly kind: 'budget_near' | 'budget_spent'; readonly why: string } | null {
  const spent = spentOf(budget, now);
  if (spent >= budget.micro)
    return { kind: 'budget_spent', why: `${budgetWords(budget)}, is spent: ${dollars(spent)} of it` };
  if (spent < budget.micro * NEAR) return null;
  const percent = Math.floor((spent / budget.micro) * 100);
  return { kind: 'budget_near', why: `${percent} % of ${budgetWords(budget)}, are spent` };
}

export interface CreditSight {
  readonly marketplace: string;
  readonly creditMicro: MicroDollars;
  /** What runs there now. */
  readonly burningDollarsPerHour: number;
  /** What the machines of one race would cost an hour, all of them rented there; null where nobody knows. */
  readonly raceDollarsPerHour: number | null;
}

/** Marketplaces ask for an hour's credit for each machine that is started, and delete what is on them at zero. */
export function creditAlarm(sight: CreditSight): string | null {
  const { marketplace, creditMicro, burningDollarsPerHour, raceDollarsPerHour } = sight;
  const race = costOf(raceDollarsPerHour ?? 0, HOUR_MS);
  const lasts =
    burningDollarsPerHour === 0 ? Number.POSITIVE_INFINITY : creditMicro / costOf(burningDollarsPerHour, HOUR_MS);
  if (creditMicro > race && lasts >= LASTS_HOURS) return null;
  const left = `${marketplace} has ${dollars(creditMicro)} left`;
  const runs = Number.isFinite(lasts) ? [`what runs there now uses that up in ${Math.floor(lasts)} h`] : [];
  const wake =
    raceDollarsPerHour !== null && creditMicro <= race
      ? [`the machines of one wake need ${dollars(race)} for an hour`]
      : [];
  return `${left}: ${[...runs, ...wake, 'at zero it deletes what is on its machines'].join('; ')}`;
}

/** What so many racers cost an hour, at the median of what is on offer for a need; of the needs, the dearest. */
export function raceRate(needs: readonly Need[], offers: readonly (readonly Offer[])[], batch: number): number | null {
  const rates = needs.flatMap((need, i) => {
    const prices = (offers[i] ?? []).flatMap((offer) => (misfit(offer, need) === null ? [offer.dollarsPerHour] : []));
    const median = prices.toSorted((a, b) => a - b)[Math.floor((prices.length - 1) / 2)];
    return median === undefined ? [] : [median * batch];
  });
  return rates.length === 0 ? null : Math.max(...rates);
}

const HOUR_MS = 3_600_000;
const LASTS_HOURS = 24;
