import { mayDestroy } from '../domain/lifecycle.ts';
import { recoverBackups } from './recover-backups.ts';
import { type Step, workspaceOf } from './step.ts';
import { forgetProof } from './watchdog-proof.ts';

/** Somebody else ended it. People learn what that cost; the release that follows watches whether it comes back. */
export const lost: Step = async (machine, ports, signal) => {
  const workspace = await workspaceOf(machine, ports);
  if (machine.sealed) await forgetProof(machine, ports, signal); // its row says all of it now
  if (workspace) await recoverBackups(machine, workspace, ports, signal); // before another machine is woken from the newest
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
