import assert from 'node:assert/strict';
import { Failure } from '../domain/failures.ts';
import type { Machine, State } from '../domain/lifecycle.ts';
import type { Marketplace, Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/**
 * The work of one state. A first start, a retry and a recovery after a crash are the same call, so a step looks before it
 * acts. It returns where the machine goes next and why; a `Failure` that it throws is driven again later.
 */
export type Step = (machine: Machine, ports: Ports, signal: AbortSignal, note: Note) => Promise<Turn>;

export interface Turn {
  readonly to: State;
  readonly why: string;
  readonly facts?: Facts;
}

/** What a step learns about its machine. Where it is in its life changes only through `drive`. */
export type Facts = Partial<Omit<Machine, 'id' | 'version' | 'state' | 'why' | 'since' | 'entered'>>;

/** Saves facts in mid-step: what a crash must not forget. */
export type Note = (facts: Facts) => Promise<Machine>;

export const raceBell = (race: string): string => `race/${race}`;
export const workspaceBell = (workspace: string): string => `workspace/${workspace}`;
/** A row changed that may need a driver, a race or an end. */
export const rowsBell = 'rows';

export function marketplaceOf(machine: Machine, ports: Ports): Marketplace {
  const marketplace = ports.marketplaces.get(machine.marketplace);
  if (!marketplace)
    throw new Failure('marketplace_down', { marketplace: machine.marketplace, why: 'it is not set up any more' });
  return marketplace;
}

export async function workspaceOf(machine: Machine, ports: Ports): Promise<Workspace | null> {
  return await ports.store.read('workspaces', machine.workspace);
}

/** Why the race lets this machine go; null while it may run on. */
export async function verdictOn(machine: Machine, ports: Ports): Promise<string | null> {
  if (machine.race === null) return null;
  const race = await ports.store.read('races', machine.race);
  assert(race, `${machine.id} runs in a race that is not in the store: ${machine.race}`);
  const verdict = race.verdicts[machine.id];
  if (verdict !== undefined) return verdict.why;
  if (race.endedAt !== null && race.outcome?.winner !== machine.id) return 'the race is over';
  return null;
}

/** A named person's decision to give up what is on this machine, if there is one. */
export function abandonment(machine: Machine, workspace: Workspace | null): Machine['abandoned'] {
  const decision = workspace?.wish.abandon;
  if (!decision?.machines.includes(machine.id)) return machine.abandoned;
  return { by: decision.by, why: decision.why, at: decision.at };
}
