import { alertId } from '../domain/alert.ts';
import { type Budget, type BudgetChoice, budgetId, covers, spanAt, spentOf } from '../domain/budget.ts';
import type { Asked, BudgetView } from '../domain/doors.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { paidFor } from '../domain/ledger.ts';
import { rateOf } from '../domain/lifecycle.ts';
import type { Need } from '../domain/marketplace.ts';
import type { Marketplace, Ports } from '../domain/ports.ts';
import { budgetAlarm, creditAlarm, overBudget, raceRate } from '../policy/budget.ts';
import { settleAlerts } from '../process/alerts.ts';
import { update } from '../steps/update.ts';
import { accounts } from './money.ts';
import { mustBeAccount, mustBeWorkspace } from './must-be.ts';

/** Looks what is spent of each budget, and tells people in time. Whoever rents or runs machines reads the same rows. */
export async function watchBudgets(ports: Ports): Promise<void> {
  const budgets = await ports.store.list('budgets');
  const spent = await spentNow(budgets, ports);
  const now = ports.clock.now();
  const ringing = new Map<string, { kind: 'budget_near' | 'budget_spent'; workspace: string | null; why: string }>();
  for (const { id } of budgets) {
    const fresh = await update(ports.store, 'budgets', id, (row) => {
      const next = { micro: spent.get(id) ?? 0, from: spanAt(row.per, now).from };
      return next.micro === row.spent.micro && next.from === row.spent.from ? null : { ...row, spent: next };
    });
    const alarm = fresh && budgetAlarm(fresh, now);
    if (alarm)
      ringing.set(alertId(alarm.kind, id), { ...alarm, workspace: fresh.scope === 'workspace' ? fresh.of : null });
  }
  await settleAlerts(ringing, ({ kind }) => kind === 'budget_near' || kind === 'budget_spent', ports);
}

async function spentNow(budgets: readonly Budget[], ports: Ports): Promise<ReadonlyMap<string, number>> {
  const spent = new Map<string, number>();
  if (budgets.length === 0) return spent;
  const now = ports.clock.now();
  const { from, until } = spanAt('month', now);
  const rows = new Map((await ports.store.list('workspaces')).map((row) => [row.id, row]));
  for await (const { workspace: id, owner, days } of accounts({ from, until, workspace: null }, rows, ports)) {
    const isTheirs = rows.get(id)?.owner === owner; // else it is of another workspace, which had that name before
    for (const budget of budgets.filter((one) => covers(one, { id, owner }))) {
      if (budget.scope === 'workspace' && !isTheirs) continue;
      const since = spanAt(budget.per, now).from;
      const sum = days.filter(({ day }) => day >= since).reduce((all, day) => all + paidFor(day), 0);
      spent.set(budget.id, (spent.get(budget.id) ?? 0) + sum);
    }
  }
  return spent;
}

export async function setBudget(choice: BudgetChoice, asked: Asked, ports: Ports): Promise<BudgetView> {
  const { store, clock } = ports;
  if (choice.scope === 'workspace') await mustBeWorkspace(choice.of, ports);
  if (choice.scope === 'user') await mustBeAccount(choice.of, ports);
  const id = budgetId(choice);
  const now = clock.now();
  const { from } = spanAt(choice.per, now);
  const fresh = { ...choice, id, version: 0, by: asked.by, at: now, spent: { micro: 0, from } };
  const known = await store.read('budgets', id);
  const micro = (await spentNow([known ?? fresh], ports)).get(id) ?? 0;
  const row = await store.save('budgets', {
    ...(known ?? fresh),
    ...choice,
    by: asked.by,
    at: now,
    spent: { micro, from },
  });
  await watchAtOnce(ports);
  return viewOf(row, now);
}

/** Nobody waits a minute to hear that it is spent already. Who looks after it anyway may be at it this moment. */
async function watchAtOnce(ports: Ports): Promise<void> {
  await watchBudgets(ports).catch((cause: unknown) => {
    if (!isFailure(cause, 'row_changed')) throw cause;
  });
}

export async function removeBudget(id: string, ports: Ports): Promise<void> {
  const row = await ports.store.read('budgets', id);
  if (!row) throw new Failure('no_such_budget', { budget: id });
  await ports.store.remove('budgets', row);
  await watchAtOnce(ports);
}

export async function budgetViews(user: string | null, ports: Ports): Promise<readonly BudgetView[]> {
  const now = ports.clock.now();
  const all = await ports.store.list('budgets');
  const rows = user === null ? all : all.filter(({ scope, of }) => scope === 'user' && of === user);
  if (user !== null && rows.length === 0) await mustBeAccount(user, ports);
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((row) => viewOf(row, now));
}

function viewOf(budget: Budget, now: number): BudgetView {
  return { budget, spentMicro: spentOf(budget, now), until: spanAt(budget.per, now).until };
}

/** How much is left to spend at each marketplace, where it says so. */
export async function watchCredit(ports: Ports, signal: AbortSignal): Promise<void> {
  const machines = (await ports.store.list('machines')).filter(
    ({ state, departedAt }) => state !== 'gone' && departedAt,
  );
  const needs = await needsOf(ports);
  const ringing = new Map<string, { kind: 'credit_low'; workspace: null; why: string }>();
  const unknown = new Set<string>();
  for (const marketplace of ports.marketplaces.values()) {
    const id = alertId('credit_low', marketplace.name);
    try {
      const creditMicro = (await marketplace.credit?.(signal)) ?? null;
      if (creditMicro === null) continue;
      const mine = machines.filter((machine) => machine.marketplace === marketplace.name);
      const why = creditAlarm({
        marketplace: marketplace.name,
        creditMicro,
        burningDollarsPerHour: mine.reduce((sum, machine) => sum + rateOf(machine), 0),
        raceDollarsPerHour: await raceRateAt(marketplace, needs, ports, signal),
      });
      if (why !== null) ringing.set(id, { kind: 'credit_low', workspace: null, why });
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause)) throw cause;
      unknown.add(id);
      ports.log('credit.not_read', { marketplace: marketplace.name, why: reasonOf(cause) }, 'WARNING');
    }
  }
  await settleAlerts(ringing, ({ id, kind }) => kind === 'credit_low' && !unknown.has(id), ports);
}

/** What the workspaces here would be woken on; those alike once. */
async function needsOf({ store }: Ports): Promise<readonly Need[]> {
  const needs = (await store.list('workspaces')).map(({ spec }) => [JSON.stringify(spec.need), spec.need] as const);
  return [...new Map(needs).values()].slice(0, NEEDS_MAX);
}

/** Each of them is a search at the marketplace. */
const NEEDS_MAX = 5;

/** Each marketplace by its own offers: the same five machines may cost twice as much at another one. */
async function raceRateAt(
  marketplace: Marketplace,
  needs: readonly Need[],
  { settings, log }: Ports,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    const offers = [];
    for (const need of needs) offers.push(await marketplace.offers(need, signal, { browsing: true }));
    return raceRate(needs, offers, settings.race.batch);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    log('credit.not_compared', { marketplace: marketplace.name, why: reasonOf(cause) }, 'WARNING');
    return null;
  }
}

/** Why nothing more is spent on this workspace, by what was last looked at. */
export async function whyNotSpend(id: string, ports: Ports): Promise<string | null> {
  const budgets = await ports.store.list('budgets');
  const workspace = budgets.length === 0 ? null : await ports.store.read('workspaces', id);
  return workspace && overBudget(workspace, budgets, ports.clock.now());
}
