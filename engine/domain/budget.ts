import { DAY_MS, dayOf } from './ledger.ts';
import type { MicroDollars } from './money.ts';
import type { Workspace } from './workspace.ts';

/** A cap on what is spent in a day or a month (UTC), by one workspace, by all of one account, or by everybody together. */
export interface Budget {
  readonly id: string;
  readonly version: number;
  readonly scope: BudgetScope;
  /** The workspace or the account; '' for everybody. */
  readonly of: string;
  readonly per: BudgetSpan;
  readonly micro: MicroDollars;
  readonly by: string;
  readonly at: number;
  /** What was spent of it when that was last looked at; of the period that began then. */
  readonly spent: { readonly micro: MicroDollars; readonly from: number };
}

export const BUDGET_SCOPES = ['workspace', 'user', 'all'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];
export const BUDGET_SPANS = ['day', 'month'] as const;
export type BudgetSpan = (typeof BUDGET_SPANS)[number];

export type BudgetChoice = Pick<Budget, 'scope' | 'of' | 'per' | 'micro'>;

export const budgetId = ({ scope, of, per }: Pick<Budget, 'scope' | 'of' | 'per'>): string => `${scope}/${of}/${per}`;

/** Whether it holds for a workspace: its own, its owner's, or everybody's. */
export function covers(
  { scope, of }: Pick<Budget, 'scope' | 'of'>,
  { id, owner }: Pick<Workspace, 'id' | 'owner'>,
): boolean {
  return scope === 'all' || of === (scope === 'user' ? owner : id);
}

/** When the day or month began, and when the next one does. */
export function spanAt(per: BudgetSpan, now: number): { readonly from: number; readonly until: number } {
  if (per === 'day') return { from: dayOf(now), until: dayOf(now) + DAY_MS };
  const at = new Date(now);
  const month = (later: number): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later);
  return { from: month(0), until: month(1) };
}

/** What is spent of it now, by what is known. */
export const spentOf = ({ per, spent }: Budget, now: number): MicroDollars =>
  spent.from === spanAt(per, now).from ? spent.micro : 0;
