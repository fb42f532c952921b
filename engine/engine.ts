import { createAsking } from './asks/asking.ts';
import { asksOfMachines } from './asks/of-machines.ts';
import { asksOfSnapshots } from './asks/of-snapshots.ts';
import { asksOfWorkspaces } from './asks/of-workspaces.ts';
import { createRestores, staying } from './asks/restores.ts';
import { budgetId } from './domain/budget.ts';
import type { Engine, StandbyView } from './domain/doors.ts';
import { Failure } from './domain/failures.ts';
import { dollars, perHour } from './domain/money.ts';
import type { Ports } from './domain/ports.ts';
import { budgetViews, removeBudget, setBudget } from './money/budgets.ts';
import { planReport, removeReport } from './money/reports.ts';
import type { Telling } from './process/telling.ts';
import { standbyOf } from './standby.ts';
import { rowsBell, workspaceBell } from './steps/step.ts';
import { update } from './steps/update.ts';
import { createViews } from './views.ts';

/** What is asked becomes a wish in a row and a ring of the bell. Nothing here touches a machine. */
export function createEngine(ports: Ports, telling: Telling, identityFile: string | null): Engine {
  const { store, clock } = ports;
  const views = createViews(ports, identityFile);
  const alive = staying(views);
  const restores = createRestores(alive, ports);
  const asking = createAsking(ports);
  const { noted, record } = asking;

  return {
    ...views,
    ...asksOfMachines(alive, restores, asking, ports),
    ...asksOfSnapshots(alive, asking, ports),
    ...asksOfWorkspaces(alive, asking, ports),
    restorePlan: restores.restorePlan,
    events: telling.events,
    lastTold: async () => telling.past(0, null, 1).at(-1)?.number ?? 0,
    past: async (after, workspace, limit) => telling.past(after, workspace, limit),

    reports: async () => await store.list('reports'),
    async planReport(choice, asked) {
      const report = await planReport(choice, asked, ports);
      await record('report', report.id, asked, `${report.every} ${report.time} ${report.zone}`);
      return report;
    },
    async removeReport(id, asked) {
      await removeReport(id, ports);
      await record('report', id, asked, 'removed');
    },
    budgets: async (user = null) => await budgetViews(user, ports),
    async setBudget(choice, asked) {
      if (!(choice.micro > 0)) throw new Failure('bad_request', { why: 'A budget is more than nothing.' });
      const view = await setBudget(choice, asked, ports);
      await record('budget', budgetId(choice), asked, dollars(choice.micro));
      for (const bell of [workspaceBell(choice.of), rowsBell]) ports.bell.ring(bell);
      return view;
    },
    async removeBudget(id, asked) {
      await removeBudget(id, ports);
      await record('budget', id, asked, 'removed');
    },

    async standby(name) {
      const workspace = await views.find(name);
      return await standbyOf(workspace, await restores.holderOf(workspace), ports);
    },

    async standBy(name, how, asked) {
      const workspace = await alive.find(name);
      const view = await standbyOf(workspace, await restores.holderOf(workspace), ports);
      const agreed = how.on ? agreedTo(view, how.agreedDollarsPerMonth) : null;
      await noted('standby', name, asked, how.on ? `on, up to $${agreed} a month` : 'off');
      const at = clock.now();
      const standby = agreed === null ? null : { by: asked.by, at, dollarsPerMonth: agreed };
      await update(store, 'workspaces', name, (row) => ({ ...row, standby }));
      ports.bell.ring(rowsBell);
      return { ...view, agreed: standby };
    },

    async confirmRecovery(asked) {
      const alert = await store.read('alerts', 'recovered');
      if (!alert || alert.resolvedAt !== null) return false;
      await record('recover', 'installation', asked, 'confirmed');
      await store.save('alerts', { ...alert, resolvedAt: clock.now(), resolvedBy: asked.by });
      ports.bell.ring(rowsBell);
      return true;
    },
  };
}

/** Nothing is put in reserve whose price a person has not seen. */
function agreedTo({ workspace, offer, dollarsPerMonth, why }: StandbyView, agreed: number | null): number {
  if (!offer || dollarsPerMonth === null) throw new Failure('no_standby', { why: why ?? '' });
  if (agreed !== null && agreed >= dollarsPerMonth) return dollarsPerMonth;
  throw new Failure('confirmation_needed', {
    why:
      `A standby for ${workspace} costs ${perHour(offer.dollarsPerHour)} while it is used, at most ` +
      `$${dollarsPerMonth.toFixed(2)} a month (${offer.marketplace}, ${offer.region}), and $${offer.dollarsPerGbUp} for each GB ` +
      'that it sends: its backups.',
  });
}
