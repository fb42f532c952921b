import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import { perHour } from '../domain/money.ts';
import type { Ports, Shell } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { neverClaimed, readClaim } from '../remote/claim-check.ts';
import { reach } from './reach.ts';
import { recoverBackups } from './recover-backups.ts';
import { converse, type Saved } from './save-talk.ts';
import { abandonment, marketplaceOf, type Step, type Turn, workspaceOf } from './step.ts';

/**
 * The last backup and its proof. This is the only way from work to release: everything that could write stands still, the
 * control host reads the snapshot back with its own credentials, and only then may the machine be destroyed. When any of
 * that fails people work on, are told, and it is tried again.
 */
export const saving: Step = async (machine, ports, signal, note) => {
  const workspace = await workspaceOf(machine, ports);
  const abandoned = abandonment(machine, workspace);
  if (abandoned) {
    if (workspace) await recoverWhatThereIs(machine, workspace, ports, signal);
    return { to: 'releasing', why: `${abandoned.by} gave up what was on it: ${abandoned.why}`, facts: { abandoned } };
  }
  let saved: Saved;
  try {
    await using shell = await reach(machine, ports, signal);
    if (!workspace) return await withoutWorkspace(shell, machine, ports, signal);
    saved = await converse(shell, machine, workspace, { mode: 'last' }, ports, signal, note);
  } catch (cause) {
    signal.throwIfAborted(); // stopping is not a failed backup: the next start tries again
    // Whether people can work on is not known then, so it does not go back to them: it is saved again.
    if (!isFailure(cause) || isFailure(cause, 'verdict_unheard', 'row_changed', 'fenced')) throw cause;
    if (isFailure(cause, 'ssh_refused', 'stage_slow', 'host_key_changed'))
      return { to: 'stranded', why: reasonOf(cause) };
    return back(machine, ports, cause);
  }
  return await afterSave(machine, workspace, saved, ports, signal);
};

/** Backups that nobody was told of yet are not part of what a person gives up; but they do not hold up the decision. */
async function recoverWhatThereIs(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  try {
    await recoverBackups(machine, workspace, ports, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.code === 'row_changed') throw cause;
    ports.log(
      'backup.not_recovered',
      { workspace: machine.workspace, machine: machine.id, why: reasonOf(cause) },
      'WARNING',
    );
  }
}

/** Nobody knows the workspace any more, so there is no repository to save to. Only a machine that never held work may go. */
async function withoutWorkspace(shell: Shell, machine: Machine, ports: Ports, signal: AbortSignal): Promise<Turn> {
  if (machine.epoch === null && neverClaimed(await shell.run(readClaim(), signal))) {
    return {
      to: 'releasing',
      why: 'it held no work',
      facts: { ...CLEAR, sealed: { snapshot: null, at: ports.clock.now() } },
    };
  }
  const unknown = new Failure('no_such_workspace', { workspace: machine.workspace, known: 'none by that name' });
  return back(machine, ports, unknown);
}

async function afterSave(
  machine: Machine,
  workspace: Workspace,
  saved: Saved,
  ports: Ports,
  signal: AbortSignal,
): Promise<Turn> {
  if (!saved.stopped) return { to: 'running', why: 'saved, and wanted awake again', facts: CLEAR };
  const sealed = { snapshot: saved.snapshot, at: ports.clock.now() };
  const facts = { ...CLEAR, sealed };
  const why = saved.snapshot === null ? 'it held no work' : `saved and proved as ${saved.snapshot.slice(0, 8)}`;
  const marketplace = marketplaceOf(machine, ports);
  if (workspace.wish.want === 'paused' && marketplace.pauses && workspace.claim?.machine === machine.id) {
    await ports.fence.check(machine.id, signal);
    await marketplace.stop(machine.instance ?? '', signal);
    return { to: 'paused', why, facts };
  }
  return { to: 'releasing', why, facts };
}

const CLEAR = { saveFailures: 0, saveAgainAt: null, held: null, sealed: null };

/** Back to work. The machine stays and goes on costing; people are told so, and the next try is written down. */
function back(machine: Machine, ports: Ports, failure: Failure): Turn {
  const { retryMs } = ports.settings.save;
  const atRisk = failure.code === 'work_at_risk';
  const againInMs = (atRisk ? retryMs.at(-1) : retryMs[Math.min(machine.saveFailures, retryMs.length - 1)]) ?? 60_000;
  const { dollarsPerHour } = machine.offer;
  const why = atRisk ? String(failure.facts.why) : reasonOf(failure);
  const told = { workspace: machine.workspace, machine: machine.id, why };
  if (atRisk)
    ports.tell({ event: 'work.at_risk', ...told, paths: (failure.facts.paths as string[] | undefined) ?? [] });
  else ports.tell({ event: 'save.failed', ...told, againInMs, dollarsPerHour });
  const now = ports.clock.now();
  return {
    to: 'running',
    why: `not saved, so it stays (${perHour(dollarsPerHour)}): ${why}`,
    facts: {
      saveFailures: machine.saveFailures + 1,
      saveAgainAt: now + againInMs,
      held: atRisk ? { why, at: now } : null,
      sealed: null,
    },
  };
}
