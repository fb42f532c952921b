import { rateAt } from '../domain/bill.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Workspace, yieldsNow } from '../domain/workspace.ts';
import { overBudget } from '../policy/budget.ts';
import { type Due, dueBy } from '../policy/next-due.ts';
import { capOf, endingRaise, raiseWords, rentalEnd } from '../policy/price-increase.ts';
import { wishByItself } from './by-itself.ts';
import { endOperation } from './operation.ts';
import { payBackOf } from './pay-back-of.ts';
import { scheduleDone, timerOf } from './schedules.ts';
import type { Note } from './step.ts';
import { update } from './update.ts';

type Mind = (machine: Machine, workspace: Workspace, ports: Ports, note: Note) => Promise<Machine>;

/** Watches what a machine says of itself: backups that fail, and whether anybody is still at work. */
export function minding(): Mind {
  let failing = false;
  return async (machine, workspace, ports, note) => {
    failing = tellFailing(failing, machine, ports);
    machine = await keepPrice(machine, ports, note);
    if (workspace.claim?.machine !== machine.id || !machine.complete) return machine;
    if (workspace.wish.want === 'awake') return await mindIdle(machine, workspace, ports, note);
    await takeBack(machine, workspace, ports);
    return machine;
  };
}

/** Once when it begins, and once when it is over. */
function tellFailing(before: boolean, machine: Machine, ports: Ports): boolean {
  const backup = ports.heartbeats.latest(machine.id)?.status.backup;
  if (!backup) return before;
  const { failures, failedWhy, durableAt } = backup;
  const now = failures >= FAILURES_TOLD;
  const over = before && failures === 0;
  if ((now && !before) || over) {
    ports.tell({
      event: 'backup.failing',
      workspace: machine.workspace,
      machine: machine.id,
      failures,
      durableAt,
      why: failedWhy ?? '',
    });
  }
  return over ? false : before || now;
}

const FAILURES_TOLD = 3;

/** Warns first; acts when nothing stirred for the grace period either. What it does is a wish like anybody's. */
async function mindIdle(machine: Machine, workspace: Workspace, ports: Ports, note: Note): Promise<Machine> {
  const now = ports.clock.now();
  const graceMs = workspace.spec.idle.graceMs ?? ports.settings.idle.graceMs;
  const due = sleepDue(workspace, now, graceMs, ports);
  const spent = overBudget(workspace, await ports.store.list('budgets'), now);
  const ends = spent ?? (await tooDear(machine, workspace, ports));
  const moves = ends === null ? await leavesHost(machine, workspace, ports) : null;
  const asked = ends ?? moves ?? due?.why;
  const { sleep, why: idle } =
    asked === undefined ? ports.heartbeats.idle(machine, workspace) : { sleep: true, why: asked };
  const { warned, restAfter } = machine;
  const why = sleep && restAfter ? `${restAfter.why.replace(/\.$/, '')}; ${idle}` : idle;
  const told = { workspace: workspace.id, machine: machine.id };
  if (!sleep) {
    if (!warned) return machine;
    const stays = await note({ warned: null });
    ports.tell({ event: 'machine.stays_awake', ...told, why });
    return stays;
  }
  // Its last backup left something out, which only a person can agree to; it is tried again now and then.
  if (machine.held && now < machine.held.at + HELD_AGAIN_MS) return machine;
  if (!warned) {
    const { dollarsPerHour } = machine.offer;
    const pays = (await payBackOf(machine, workspace, ports)).why;
    machine = await note({}); // whoever took this machine over may have warned already, and then this fails
    const at = ports.clock.now();
    // This engine stood still in between, and what it thinks of the machine is old: it looks again.
    if (at - now > ports.settings.lease.renewMs) return machine;
    const actsAt = Math.max(at + graceMs, due?.at ?? 0);
    // Said before it is written: after a crash in between people are warned twice, and never not at all.
    ports.tell({
      event: 'machine.idle_warning',
      ...told,
      why,
      actsAt,
      inMs: actsAt - at,
      dollarsPerHour,
      payBack: pays,
    });
    return await note({ warned: { at, actsAt, why } });
  }
  if (now < warned.actsAt) return machine;
  if (moves !== null) {
    const at = ports.clock.now();
    await update(ports.store, 'workspaces', workspace.id, (row) =>
      row.claim?.machine === machine.id ? { ...row, yields: { machine: machine.id, to: null, at } } : null,
    );
    return await note({ warned: null });
  }
  const mine = ends === null ? idleOf(machine) : `${machine.id}-money-`;
  const id = due ? timerOf(workspace, due) : `${mine}${warned.at}`;
  await wishByItself(id, 'asleep', workspace, why, ports);
  if (due) await scheduleDone(workspace, due, ports);
  return await note({ warned: null });
}

/** What it costs from now on is what its host wanted and somebody agreed to. */
async function keepPrice(machine: Machine, ports: Ports, note: Note): Promise<Machine> {
  const bill = await ports.store.read('bills', machine.id);
  const dollarsPerHour = bill ? rateAt(bill, ports.clock.now()) : machine.offer.dollarsPerHour;
  if (dollarsPerHour === machine.offer.dollarsPerHour) return machine;
  return await note({ offer: { ...machine.offer, dollarsPerHour } });
}

/** Why its rental is about to end: its host wants more than somebody said they pay. */
async function tooDear(machine: Machine, workspace: Workspace, ports: Ports): Promise<string | null> {
  const now = ports.clock.now();
  const bill = await ports.store.read('bills', machine.id);
  const raise = bill && endingRaise(bill, now, ports.settings.watch.endingMs);
  return raise && raiseWords(raise, machine.offer.dollarsPerHour, capOf(workspace), now);
}

/** Why it has to go on elsewhere: its rental ends by itself. Once it makes room nobody is warned again. */
async function leavesHost(machine: Machine, workspace: Workspace, ports: Ports): Promise<string | null> {
  if (yieldsNow(machine, workspace)) return null;
  const bill = await ports.store.read('bills', machine.id);
  return bill && rentalEnd(bill, ports.clock.now(), ports.settings.watch.endingMs);
}

/** Its own schedule, unless somebody keeps it or a program of ours runs on it. */
function sleepDue(workspace: Workspace, now: number, graceMs: number, ports: Ports): Due | null {
  if (workspace.jobs.length > 0 || (workspace.keep && workspace.keep.until > now)) return null;
  const due = dueBy(workspace, now + graceMs, ports.settings.scheduleLateMs + graceMs);
  return due?.schedule.want === 'asleep' ? due : null;
}

/** The last backup failed, and meanwhile somebody works again: what we wished for because it was idle is no longer wanted. */
async function takeBack(machine: Machine, workspace: Workspace, ports: Ports): Promise<void> {
  const { operation } = workspace.wish;
  if (workspace.wish.want !== 'asleep' || !operation.startsWith(idleOf(machine))) return;
  const { sleep, why } = ports.heartbeats.idle(machine, workspace);
  if (sleep) return;
  const changed = await update(ports.store, 'workspaces', workspace.id, (row) => {
    if (row.wish.operation !== operation) return null;
    return { ...row, wish: { ...row.wish, want: 'awake', why, at: ports.clock.now() } };
  });
  if (changed?.wish.operation !== operation) return;
  const facts = { workspace: workspace.id, sight: why };
  await endOperation(operation, { ok: false, code: 'workspace_busy', say: `It stays awake: ${why}.`, facts }, ports);
  ports.tell({ event: 'machine.stays_awake', workspace: workspace.id, machine: machine.id, why });
}

/** How wishes begin that a machine sleeps because nothing stirs on it. */
const idleOf = (machine: Machine): string => `${machine.id}-idle-`;

const HELD_AGAIN_MS = 60 * 60_000;
