import type { StandbyView } from './domain/doors.ts';
import { isFailure } from './domain/failures.ts';
import type { Machine } from './domain/lifecycle.ts';
import { hasGpu, type Need, type Offer } from './domain/marketplace.ts';
import { HOURS_PER_MONTH } from './domain/money.ts';
import type { Ports } from './domain/ports.ts';
import { newRace, type Race } from './domain/race.ts';
import type { Workspace } from './domain/workspace.ts';
import { offersFor } from './offers.ts';
import { planFor } from './policy/race.ts';
import { isStandbyRace, mayBeHad, standby } from './policy/standby.ts';
import { onlyAdopts } from './steps/only-adopts.ts';
import { rowsBell, workspaceBell } from './steps/step.ts';
import { update } from './steps/update.ts';

/** Does what `policy/standby.ts` decides: begins the race of a machine without a GPU, or from there one for a GPU again. */
export async function keepReachable(
  workspace: Workspace,
  machine: Machine | null,
  races: readonly Race[],
  ports: Ports,
): Promise<void> {
  if (workspace.standby === null || (await onlyAdopts(ports))) return;
  const mine = races
    .filter(({ operation }) => operation === workspace.wish.operation)
    .toSorted((a, b) => a.startedAt - b.startedAt);
  const { standby: rules } = ports.settings;
  const now = ports.clock.now();
  const holder = machine?.state === 'gone' ? null : machine;
  const wanted = workspace.wish.want === 'awake';
  const { does, why } = standby({ on: true, wanted, holder, races: mine, yields: workspace.yields, rules, now });
  if (does === 'nothing') return;
  const failing = does === 'fail over';
  // What it holds stays on it: should it answer again, another holds the workspace, and it is saved as pre-failover.
  if (failing && holder) await ports.store.unclaim(workspace.id, holder.id);
  const { spec, wish } = workspace;
  const plan = planFor(wish, ports.settings);
  const need = failing ? { kind: 'cpu' as const } : { ...spec.need, ...wish.need };
  const race = newRace({
    id: `${wish.operation}-${failing ? 's' : 'g'}${mine.length + 1}`,
    workspace: workspace.id,
    operation: wish.operation,
    startedAt: now,
    plan: failing ? { ...plan, batch: rules.batch, rounds: rules.rounds } : plan,
    need: { ...need, diskGbMin: spec.diskGb },
  });
  await ports.store.save('races', race);
  ports.tell({ event: failing ? 'standby.began' : 'standby.looks', workspace: workspace.id, race: race.id, why });
  ports.bell.ring(rowsBell);
}

/** While a standby may still be had, a wake without a GPU is not over. */
export function mayStandBy(workspace: Workspace, mine: readonly Race[]): boolean {
  return workspace.standby !== null && mayBeHad(mine);
}

/**
 * A machine with a GPU is ready, and a standby holds the workspace: it is asked to save and to make room. False where
 * somebody else holds it, or the standby could not be saved for so long that nothing more should be paid for waiting.
 */
export async function askToYield(race: Race, to: string, ports: Ports): Promise<boolean> {
  const workspace = await ports.store.read('workspaces', race.workspace);
  const holder = workspace?.claim && (await ports.store.read('machines', workspace.claim.machine));
  if (!workspace || !holder || hasGpu(holder.offer) || isStandbyRace(race)) return false;
  const { yields } = workspace;
  const now = ports.clock.now();
  if (yields?.machine === holder.id && yields.to === to) return now - yields.at < ports.settings.standby.yieldMs;
  await update(ports.store, 'workspaces', workspace.id, (row) =>
    row.claim?.machine === holder.id ? { ...row, yields: { machine: holder.id, to, at: now } } : null,
  );
  ports.tell({ event: 'standby.yields', workspace: workspace.id, machine: holder.id, to });
  ports.bell.ring(workspaceBell(workspace.id));
  return true;
}

/** What was asked of a standby for the sake of this machine is over. */
export async function endYield(workspace: string, to: string, ports: Ports): Promise<void> {
  await update(ports.store, 'workspaces', workspace, (row) =>
    row.yields?.to === to ? { ...row, yields: null } : null,
  );
}

const LOOK_MS = 15_000;

/** What a standby would cost here, or why there is none. */
export async function standbyOf(workspace: Workspace, machine: Machine | null, ports: Ports): Promise<StandbyView> {
  const need = { kind: 'cpu', diskGbMin: workspace.spec.diskGb } as const;
  const { offer, none } = await cheapest(need, workspace.id, ports);
  const active =
    machine !== null && !hasGpu(machine.offer) && machine.state !== 'gone' && machine.state !== 'releasing';
  return {
    workspace: workspace.id,
    agreed: workspace.standby,
    active: active ? machine.id : null,
    offer,
    dollarsPerMonth: offer && Math.round(offer.dollarsPerHour * HOURS_PER_MONTH * 100) / 100,
    why: offer ? null : none,
  };
}

async function cheapest(
  need: Need,
  workspace: string,
  ports: Ports,
): Promise<{ readonly offer: Offer | null; readonly none: string }> {
  const account = 'it needs an account at Google Cloud; set DUMONT_GCP_KEY and start the engine again';
  try {
    const { ranked, none } = await offersFor(need, workspace, ports, AbortSignal.timeout(LOOK_MS));
    return { offer: ranked[0]?.offer ?? null, none: ports.marketplaces.has('gcp') ? none : account };
  } catch (cause) {
    // Other marketplaces have nothing without a GPU, so whatever they fail at is not the reason.
    if (!isFailure(cause) || ports.marketplaces.has('gcp')) throw cause;
    return { offer: null, none: account };
  }
}
