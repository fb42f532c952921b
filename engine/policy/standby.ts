import type { Machine } from '../domain/lifecycle.ts';
import { hasGpu } from '../domain/marketplace.ts';
import type { Race } from '../domain/race.ts';
import type { StandbyLimits } from '../domain/settings.ts';

/** What there is of a workspace that may go on without a GPU. */
export interface StandbySight {
  /** Its owner agreed to what a standby costs. */
  readonly on: boolean;
  readonly wanted: boolean;
  /** The machine with the claim, if it is not gone. */
  readonly holder: Machine | null;
  /** Those of the wake that is wanted, the oldest first. */
  readonly races: readonly Race[];
  readonly yields: { readonly at: number } | null;
  readonly rules: StandbyLimits;
  readonly now: number;
}

/** What to do, and the one sentence that says why. */
export interface StandbyMove {
  readonly does: 'nothing' | 'fail over' | 'look for a GPU';
  readonly why: string;
}

/**
 * When a workspace goes on at a machine without a GPU, and when a GPU is looked for again. Work is never waited for: a machine
 * that is silent keeps what it holds, and saves that as pre-failover should it answer once more.
 */
export function standby({ on, wanted, holder, races, yields, rules, now }: StandbySight): StandbyMove {
  if (!on) return nothing('it has no standby');
  if (!wanted) return nothing('it is not wanted awake');
  if (yields && now - yields.at < rules.yieldMs) return nothing('its standby makes room for a machine with a GPU');
  const open = races.filter(({ endedAt }) => endedAt === null);
  const looking = open.find((race) => !isStandbyRace(race));
  if (holder && !hasGpu(holder.offer)) return lookAgain(holder, looking, races, rules, now);
  if (open.some(isStandbyRace)) return nothing('its standby is being made ready');
  if (holder?.state === 'stranded') {
    const silentMs = now - holder.since;
    if (silentMs < rules.silentMs) return nothing('its machine may answer again');
    return { does: 'fail over', why: `its machine has been silent for ${minutes(silentMs)}` };
  }
  if (holder && !OVER.has(holder.state)) return nothing('it has a machine');
  if (!mayBeHad(races)) return nothing('no standby could be had either');
  if (looking && looking.claimed === null && now - looking.startedAt >= rules.afterMs)
    return { does: 'fail over', why: `no machine with a GPU was ready after ${minutes(now - looking.startedAt)}` };
  if (looking) return nothing('machines with a GPU race');
  const why = whyNoGpu(races);
  if (why !== null) return { does: 'fail over', why: `no GPU could be had: ${why}` };
  return nothing('a race is about to begin');
}

/** It runs at its standby. */
function lookAgain(
  holder: Machine,
  looking: Race | undefined,
  races: readonly Race[],
  rules: StandbyLimits,
  now: number,
): StandbyMove {
  if (holder.state !== 'running' || !holder.complete) return nothing('its standby is not settled');
  if (looking) return nothing('a GPU is looked for');
  const lastAt = races.reduce((last, race) => (isStandbyRace(race) ? last : Math.max(last, race.endedAt ?? 0)), 0);
  const waitedMs = now - Math.max(lastAt, holder.entered.running ?? holder.since);
  if (waitedMs < rules.lookMs) return nothing('a GPU was looked for not long ago');
  return {
    does: 'look for a GPU',
    why: `it has run without a GPU for ${minutes(now - (holder.entered.running ?? now))}`,
  };
}

/** Why the newest race for a GPU found none; null while it runs, and after one that was won, however old ones ended. */
export function whyNoGpu(races: readonly Race[]): string | null {
  const newest = races
    .filter((race) => !isStandbyRace(race))
    .reduce<Race | null>((last, race) => (last && last.startedAt > race.startedAt ? last : race), null);
  return newest?.outcome?.winner === null ? newest.outcome.why : null;
}

/** A standby that could not be had is not asked for again, until a machine was won: what is lost after that is another loss. */
export function mayBeHad(races: readonly Race[]): boolean {
  const endedAt = (race: Race): number => race.endedAt ?? 0;
  const wonAt = Math.max(...races.filter(({ outcome }) => outcome !== null && outcome.winner !== null).map(endedAt), 0);
  return !races.some((race) => isStandbyRace(race) && race.outcome?.winner === null && endedAt(race) > wonAt);
}

export const isStandbyRace = ({ need }: Pick<Race, 'need'>): boolean => need.kind === 'cpu';

const OVER: ReadonlySet<Machine['state']> = new Set(['lost', 'releasing', 'gone']);

const nothing = (why: string): StandbyMove => ({ does: 'nothing', why });

const minutes = (ms: number): string => `${Math.round(ms / 6_000) / 10} min`;
