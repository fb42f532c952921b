import assert from 'node:assert/strict';
import type { Address, Offer } from './marketplace.ts';

/** The life of one machine: the states it can be in, what each costs us, and where it may go next. */
export const STATES = [
  'renting', // asked a marketplace; it may or may not exist
  'booting', // it exists and bills us; not reachable yet
  'installing', // SSH answers; runtime, agent and restic arrive; readiness is checked
  'standing-by', // ready; racing for the claim, or kept as runner-up
  'restoring', // it holds the claim; files arrive; nobody can work on it yet
  'running', // somebody can work on it; nothing acts on it but wishes and policies
  'saving', // the last backup and its proof
  'paused', // stopped in place and saved before; its disk is billed
  'stranded', // claimed and listed by the marketplace, but silent; it may return
  'lost', // absent from two lists and silent: both witnesses say so
  'releasing', // told to destroy it; bills us until proved otherwise
  'gone', // absent from two separate lists; bills nobody; kept for the record
] as const;

export type State = (typeof STATES)[number];

/** Where each state may go next. There is no arrow from `running` to `releasing`: save first. */
export const NEXT: Readonly<Record<State, readonly State[]>> = {
  renting: ['booting', 'releasing'],
  booting: ['installing', 'releasing', 'lost'],
  installing: ['standing-by', 'releasing', 'lost'],
  'standing-by': ['restoring', 'releasing', 'lost'],
  restoring: ['running', 'releasing', 'lost'], // `releasing` only while nobody could work on it yet
  running: ['saving', 'stranded'],
  saving: ['releasing', 'paused', 'running', 'stranded'],
  paused: ['booting', 'releasing'],
  stranded: ['running', 'saving', 'lost'],
  lost: ['releasing'],
  releasing: ['gone'],
  gone: [],
};

/** States in which the marketplace may be charging us. */
export const BILLED: ReadonlySet<State> = new Set(STATES.filter((state) => state !== 'gone'));

/** States in which it is, or may soon again be, the machine that somebody works on. */
export const HOLDS_WORK: ReadonlySet<State> = new Set(['running', 'saving', 'stranded']);

/** States before the claim: such a machine belongs to a race and may be dropped at any moment. */
export const RACING: ReadonlySet<State> = new Set(['renting', 'booting', 'installing', 'standing-by']);

/** One machine, from the intent to rent it until two lists agree that it is gone. */
export interface Machine {
  readonly id: string;
  /** Counts the writes to this row; a save succeeds only on the version that was read. */
  readonly version: number;
  readonly workspace: string;
  /** The race it runs in; null for a machine that was adopted. */
  readonly race: string | null;
  /** What the marketplace shows as its name. Ours is recognised by it, so it exists before the machine does. */
  readonly label: string;
  readonly marketplace: string;
  readonly offer: Offer;

  readonly state: State;
  readonly why: string;
  readonly since: number;
  /** When each state was first entered: the timeline that people see and hosts are remembered by. */
  readonly entered: Readonly<Partial<Record<State, number>>>;

  /** When the call that creates it departed: it bills us from here. Set before the money is spent, and never twice. */
  readonly departedAt: number | null;
  /** When it stopped billing us, as far as lists tell; null while it does, and where it never did. */
  readonly billedUntil: number | null;
  /** The marketplace's own id for it. */
  readonly instance: string | null;
  readonly address: Address | null;
  /** The SSH host key pinned at first contact, as `SHA256:...`. */
  readonly hostKey: string | null;

  /** What its marketplace asks for it while it stands still: its disk alone. */
  readonly stillDollarsPerHour?: number | undefined;
  /** How fast storage came to it when it proved itself. */
  readonly mbps?: number | undefined;
  /** Why its marketplace rents nothing to this account now; another machine there would be asked for in vain. */
  readonly refused?: string | undefined;

  /** The epoch of its claim on the workspace; null until it holds one. */
  readonly epoch: number | null;
  /** The snapshot it was woken from. */
  readonly restored: string | null;
  /** All files have arrived, not only the critical ones. */
  readonly complete: boolean;
  /**
   * Set by the last save, while everything that could write stood still: the proved snapshot that holds all of its
   * work, or null inside when it held none. Work that starts again clears it.
   */
  readonly sealed: { readonly snapshot: string | null; readonly at: number } | null;
  /** The last sign that a booting machine gets on: a new word from the marketplace. */
  readonly stirredAt: number | null;
  /** It stood still and is started again by us: so often without a word from it, when last, and whether that call came back. */
  readonly revived?: { readonly at: number; readonly times: number; readonly started: boolean } | undefined;
  /** Its last backup left something out that cannot be remade; it waits for a person to agree. */
  readonly held: { readonly why: string; readonly at: number } | null;
  /** It is idle: people were warned, and when it is put to sleep unless something stirs. */
  readonly warned: { readonly at: number; readonly actsAt: number; readonly why: string } | null;
  /** A program ended after which it was to sleep: as soon as nobody is at work, without the usual wait. */
  readonly restAfter: { readonly at: number; readonly why: string } | null;
  /** The workspace's command after wake: how it went here. `slow` is told once and goes on running. */
  readonly afterWake: 'slow' | 'failed' | 'done' | null;
  /** A person decided to give up what is on it. */
  readonly abandoned: { readonly by: string; readonly why: string; readonly at: number } | null;
  /** How often the last backup failed in a row, and when it is tried next. */
  readonly saveFailures: number;
  readonly saveAgainAt: number | null;
}

/** What it costs an hour as it is now. */
export function rateOf({ state, stillDollarsPerHour, offer }: Machine): number {
  return (state === 'paused' ? stillDollarsPerHour : undefined) ?? offer.dollarsPerHour;
}

/** The one function through which every change of state passes. */
export function move(machine: Machine, to: State, why: string, now: number): Machine {
  assert(NEXT[machine.state].includes(to), `${machine.id}: ${machine.state} cannot become ${to}`);
  return { ...machine, state: to, why, since: now, entered: { ...machine.entered, [to]: machine.entered[to] ?? now } };
}

/** What lets this machine be destroyed, or null while it may hold the only copy of somebody's work. */
export function mayDestroy(machine: Machine): string | null {
  if (machine.abandoned) return `${machine.abandoned.by} gave up what was on it`;
  if (machine.sealed?.snapshot) return `its work is safe in snapshot ${machine.sealed.snapshot.slice(0, 8)}`;
  if (machine.sealed) return 'it held no work';
  if (machine.entered.running === undefined && machine.entered.stranded === undefined)
    return 'nobody ever worked on it';
  return null;
}

type Origin = Pick<Machine, 'id' | 'workspace' | 'race' | 'label' | 'marketplace' | 'offer'>;

/** The intent to rent a machine. */
export function intend(origin: Origin, why: string, now: number): Machine {
  return begin(origin, 'renting', why, now);
}

/**
 * A machine of ours that the records do not know, or thought gone. It may hold work, so it begins as one that may return;
 * when the records know that nobody ever worked on it, it begins as a rental whose answer was lost, and is released.
 */
export function adopt(
  origin: Origin,
  instance: string,
  worked: boolean,
  billedFrom: number,
  why: string,
  now: number,
): Machine {
  return { ...begin(origin, worked ? 'stranded' : 'renting', why, now), instance, departedAt: billedFrom };
}

function begin(origin: Origin, state: State, why: string, now: number): Machine {
  return {
    ...origin,
    version: 0,
    state,
    why,
    since: now,
    entered: { [state]: now },
    departedAt: null,
    billedUntil: null,
    instance: null,
    address: null,
    hostKey: null,
    epoch: null,
    restored: null,
    complete: false,
    sealed: null,
    stirredAt: null,
    held: null,
    warned: null,
    restAfter: null,
    afterWake: null,
    abandoned: null,
    saveFailures: 0,
    saveAgainAt: null,
  };
}
