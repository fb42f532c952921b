import { settleAlerts } from './alerts.ts';
import { alertId } from './domain/alert.ts';
import { type Budget, type BudgetChoice, budgetId, covers, spanAt, spentOf } from './domain/budget.ts';
import type { Asked, BudgetView } from './domain/doors.ts';
import { Failure, isFailure, reasonOf } from './domain/failures.ts';
import { paidFor } from './domain/ledger.ts';
import { rateOf } from './domain/lifecycle.ts';
import type { Ports } from './domain/ports.ts';
import { accounts } from './money.ts';
import { budgetAlarm, creditAlarm, overBudget } from './policy/budget.ts';
import { update } from './steps/update.ts';

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
    for (const budget of budgets.filter((one) => covers(one, { id, owner }))) {
      const since = spanAt(budget.per, now).from;
      const sum = days.filter(({ day }) => day >= since).reduce((all, day) => all + paidFor(day), 0);
      spent.set(budget.id, (spent.get(budget.id) ?? 0) + sum);
    }
  }
  return spent;
}

export async function setBudget(choice: BudgetChoice, asked: Asked, ports: Ports): Promise<BudgetView> {
  const { store, clock } = ports;
  if (choice.scope === 'workspace' && !(await store.read('workspaces', choice.of)))
    throw new Failure('no_such_workspace', { workspace: choice.of, known: 'see "dumont status"' });
  if (choice.scope === 'user' && !(await store.read('accounts', choice.of)))
    throw new Failure('no_such_account', { account: choice.of });
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
  return viewOf(row, now);
}

export async function removeBudget(id: string, ports: Ports): Promise<void> {
  const row = await ports.store.read('budgets', id);
  if (!row) throw new Failure('no_such_budget', { budget: id });
  await ports.store.remove('budgets', row);
}

export async function budgetViews(ports: Ports): Promise<readonly BudgetView[]> {
  const now = ports.clock.now();
  const rows = await ports.store.list('budgets');
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
  const races = (await ports.store.list('races')).toSorted((a, b) => b.startedAt - a.startedAt);
  const price = races.find((race) => race.marketDollarsPerHour !== null)?.marketDollarsPerHour ?? null;
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
        raceDollarsPerHour: price === null ? null : price * ports.settings.race.batch,
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

/** Why nothing more is spent on this workspace, by what was last looked at. */
export async function whyNotSpend(id: string, ports: Ports): Promise<string | null> {
  const budgets = await ports.store.list('budgets');
  const workspace = budgets.length === 0 ? null : await ports.store.read('workspaces', id);
  return workspace && overBudget(workspace, budgets, ports.clock.now());
}
