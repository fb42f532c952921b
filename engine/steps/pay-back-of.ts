import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { newestGood } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { type PayBack, payBack } from '../policy/pay-back.ts';

/** Whether it pays to put this machine to sleep, by how its workspace slept and woke before. */
export async function payBackOf(machine: Machine, workspace: Workspace, ports: Ports): Promise<PayBack> {
  const [races, machines, snapshots] = await Promise.all([
    ports.store.list('races'),
    ports.store.list('machines'),
    ports.store.list('snapshots'),
  ]);
  const mine = races.filter((race) => race.workspace === workspace.id && race.outcome?.winner != null);
  const ofMachine = new Map(machines.map((one) => [one.id, one]));
  const wakes = mine.flatMap(({ startedAt, outcome }) => {
    const usable = ofMachine.get(outcome?.winner ?? '')?.entered.running;
    return usable === undefined ? [] : [usable - startedAt];
  });
  const ends = machines.flatMap(({ workspace: of, billedUntil, entered }) =>
    of === workspace.id && billedUntil !== null && entered.running !== undefined ? [billedUntil] : [],
  );
  const sleeps = mine.flatMap(({ startedAt }) => {
    const before = ends.filter((at) => at <= startedAt);
    return before.length === 0 ? [] : [startedAt - Math.max(...before)];
  });
  const newest = newestGood(snapshots.filter((snapshot) => snapshot.workspace === workspace.id));
  return payBack({
    dollarsPerHour: machine.offer.dollarsPerHour,
    wakeMs: middle(wakes),
    wasteMicro: middle(mine.map(({ outcome }) => outcome?.wasteMicro ?? 0)),
    restoreBytes: newest?.sizeBytes ?? 0,
    dollarsPerGbDown: machine.offer.dollarsPerGbDown,
    sleepMs: middle(sleeps),
  });
}

const middle = (values: readonly number[]): number | null =>
  values.length === 0 ? null : (values.toSorted((a, b) => a - b)[values.length >> 1] ?? null);
