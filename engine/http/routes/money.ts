import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import {
  type Baseline,
  type BaselineFault,
  baselineFrom,
  GROUPS,
  isUsd,
  type Period,
  PRICE_MAX,
  readPeriod,
} from '../../domain/savings.ts';
import { csvName, savingsCsv } from '../../domain/savings-csv.ts';
import { BudgetJson, BudgetsJson, budgetJson, choiceOf, NewBudgetJson } from '../json/budget.ts';
import { InstanceId } from '../json/instance.ts';
import { NewReportJson, ReportJson, ReportsJson, reportJson } from '../json/report.ts';
import { SavingsJson, savingsJson } from '../json/savings.ts';
import { route } from '../route.ts';

const SavingsQuery = z.strictObject({
  instance_id: InstanceId.optional(),
  user: z.string().max(100).optional().describe('Of the workspaces of this account only.'),
  period: z
    .string()
    .max(20)
    .default('30d')
    .describe('today, yesterday, 7d, week, month (the last whole ones), 2026, 2026-08 or 2026-08-03; days are UTC.'),
  baseline: z
    .enum(['offer', 'market', 'price'])
    .optional()
    .describe(
      "Always on, on the machine it ran on (if nothing is said); on the marketplace's median; at a price that you name.",
    ),
  dollars_per_hour: z.coerce
    .number()
    .positive()
    .max(PRICE_MAX, `expected dollars an hour, up to ${PRICE_MAX}`)
    .optional()
    .describe('The price that you name; it goes with baseline=price or without one.'),
  price_name: z.string().max(60).optional().describe('Whose price that is; only with dollars_per_hour.'),
  by: z.enum(GROUPS).default('workspace'),
  currency: z.string().max(10).default('USD'),
  format: z.enum(['json', 'csv']).default('json'),
});

/** What it cost, and what it saved. */
export const moneyRoutes = [
  route({
    method: 'get',
    path: '/api/v1/metrics/savings/real',
    verb: 'savings',
    query: SavingsQuery,
    answers: { 200: SavingsJson },
    also: { 'text/csv': { schema: { type: 'string' } } },
    async answer({ engine, query }) {
      const { instance_id: workspace = null, user = null, by, format } = query;
      const period = periodOf(query.period);
      if (!isUsd(query.currency))
        throw new Failure('bad_request', {
          why: `Amounts are in USD, as marketplaces bill them; there is no rate here by which they would be ${query.currency}.`,
        });
      const known = await engine.savings({ workspace, user, period, baseline: baselineOf(query), by });
      if (format === 'json') return { status: 200, body: savingsJson(known) };
      return new Response(savingsCsv(known), {
        headers: { 'Content-Type': 'text/csv', 'Content-Disposition': `attachment; filename="${csvName(known)}"` },
      });
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/budgets',
    verb: 'budget',
    query: z.strictObject({ user: z.string().min(1).max(100).optional().describe('Only those of this account.') }),
    answers: { 200: BudgetsJson },
    async answer({ engine, query }) {
      return { status: 200, body: { budgets: (await engine.budgets(query.user ?? null)).map(budgetJson) } };
    },
  }),

  route({
    method: 'put',
    path: '/api/v1/budgets',
    verb: 'budget',
    say: 'Cap what is spent in a day or a month',
    body: NewBudgetJson,
    answers: { 200: BudgetJson },
    async answer({ engine, body, asked }) {
      return { status: 200, body: budgetJson(await engine.setBudget(choiceOf(body), asked)) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/budgets',
    verb: 'budget',
    say: 'Cap it no longer',
    query: z.strictObject({
      id: z
        .string()
        .max(200)
        .meta({ examples: ['all//day', 'workspace/lab/month'] }),
    }),
    answers: { 200: BudgetsJson },
    async answer({ engine, query, asked }) {
      await engine.removeBudget(query.id, asked);
      return { status: 200, body: { budgets: (await engine.budgets()).map(budgetJson) } };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/reports',
    verb: 'report',
    answers: { 200: ReportsJson },
    async answer({ engine }) {
      return { status: 200, body: { reports: (await engine.reports()).map(reportJson) } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/reports',
    verb: 'report',
    say: 'Post a report each day, week or month',
    body: NewReportJson,
    answers: { 201: ReportJson },
    async answer({ engine, body: { instance_id: workspace = null, ...rest }, asked }) {
      return { status: 201, body: reportJson(await engine.planReport({ ...rest, workspace }, asked)) };
    },
  }),

  route({
    method: 'delete',
    path: '/api/v1/reports/:id',
    verb: 'report',
    say: 'Post it no longer',
    params: z.object({ id: z.string().max(60) }),
    answers: { 200: ReportsJson },
    async answer({ engine, params, asked }) {
      await engine.removeReport(params.id, asked);
      return { status: 200, body: { reports: (await engine.reports()).map(reportJson) } };
    },
  }),
];

function periodOf(given: string): Period {
  const period = readPeriod(given, Date.now());
  if (typeof period === 'string') throw new Failure('bad_request', { why: `${period}.` });
  return period;
}

function baselineOf({ baseline, dollars_per_hour, price_name }: z.output<typeof SavingsQuery>): Baseline {
  const chosen = baselineFrom({ kind: baseline, dollarsPerHour: dollars_per_hour, name: price_name });
  if (typeof chosen === 'string') throw new Failure('bad_request', { why: BASELINE_FAULTS[chosen] });
  return chosen;
}

const BASELINE_FAULTS: Readonly<Record<BaselineFault, string>> = {
  price_missing: 'Name the price: dollars_per_hour=1.99.',
  price_beside: 'It is compared with one thing: leave out baseline, or dollars_per_hour.',
  name_alone: 'price_name says whose price it is: name the price as well, dollars_per_hour=1.99.',
};
