import * as z from 'zod';
import { BUDGET_SCOPES, BUDGET_SPANS, type BudgetChoice } from '../../domain/budget.ts';
import type { BudgetView } from '../../domain/doors.ts';
import { MICRO, microDollars } from '../../domain/money.ts';
import { iso } from './wire.ts';

export const NewBudgetJson = z
  .strictObject({
    scope: z.enum(BUDGET_SCOPES).describe('Of one workspace, of all of one account, or of everybody together.'),
    of: z.string().max(100).default('').describe('The workspace or the account; nothing for everybody.'),
    per: z.enum(BUDGET_SPANS),
    dollars: z.number().positive().max(1_000_000),
  })
  .refine(({ scope, of }) => (scope === 'all') === (of === ''), {
    path: ['of'],
    message: 'names the workspace or the account; of everybody together it is left out',
  });
export const BudgetJson = z.object({
  id: z.string(),
  scope: z.enum(BUDGET_SCOPES),
  of: z.string().nullable(),
  per: z.enum(BUDGET_SPANS),
  dollars: z.number(),
  spent_dollars: z.number().describe('In this day or month (UTC), looked at once a minute.'),
  ends_at: z.iso.datetime().describe('When the next day or month begins.'),
  set_by: z.string(),
});
export const BudgetsJson = z.object({ budgets: z.array(BudgetJson) });
export type BudgetsJson = z.infer<typeof BudgetsJson>;

export function budgetJson({ budget, spentMicro, until }: BudgetView): z.infer<typeof BudgetJson> {
  const { id, scope, of, per, micro, by } = budget;
  return {
    id,
    scope,
    of: of || null,
    per,
    dollars: micro / MICRO,
    spent_dollars: spentMicro / MICRO,
    ends_at: iso(until),
    set_by: by,
  };
}

export const choiceOf = ({ dollars, ...rest }: z.output<typeof NewBudgetJson>): BudgetChoice => ({
  ...rest,
  micro: microDollars(dollars),
});
