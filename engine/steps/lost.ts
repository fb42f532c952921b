import { mayDestroy } from '../domain/lifecycle.ts';
import type { Step } from './step.ts';

/** Somebody else ended it. People learn what that cost; the release that follows watches whether it comes back. */
export const lost: Step = async (machine, ports) => {
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.machine === machine.id);
  const lastProvedAt = snapshots.reduce<number | null>(
    (last, { provedAt }) => Math.max(last ?? 0, provedAt ?? 0) || null,
    null,
  );
  if (mayDestroy(machine) === null) {
    ports.tell({
      event: 'machine.lost',
      workspace: machine.workspace,
      machine: machine.id,
      lastProvedAt,
      why: machine.why,
    });
  }
  return { to: 'releasing', why: machine.why };
};
