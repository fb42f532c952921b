import { seeded } from '../../fakes/chance.ts';
import { type Boot, bootOf, type Weather } from './boots.ts';
import type { Raise } from './contract.ts';
import { fleetOf, type Physical } from './fleet.ts';
import type { Trap, Traps } from './traps.ts';

export interface VastOptions {
  readonly now: () => number;
  readonly seed?: string;
  readonly machines?: number;
  readonly traps?: Traps;
  readonly weather?: Weather;
  /** What is left to spend at the start, in dollars. */
  readonly credit?: number;
  /** How long a rental runs; without it as long as its offer says. */
  readonly termMs?: number;
  /** Of what an image that is not there yet is pulled. */
  readonly imageGb?: number;
  /** Replaces what the seed says of a machine's start. */
  readonly boot?: (physical: Physical, turn: number) => Boot;
  /** Computers that can really be logged in to; without them machines are only figures. */
  readonly computers?: Computers;
}

/** Something that runs what a rented machine is told to run. */
export interface Computers {
  begin(rental: Rental): Promise<void>;
  end(rental: Rental): Promise<void>;
  address(rental: Rental): { readonly host: string; readonly port: number } | null;
  log(rental: Rental): Promise<string>;
}

export interface Rental {
  readonly id: number;
  readonly physical: Physical;
  /** What it costs an hour, from when and until when; the last one counts. */
  readonly terms: { readonly from: number; readonly until: number; readonly price: number }[];
  raise: Raise | null;
  readonly bid: boolean;
  readonly image: string;
  readonly disk: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onstart: string;
  readonly key: string;
  readonly boot: Boot;
  readonly createdAt: number;
  /** Lists show it from here on, and no longer from `endedAt` and as long after. */
  readonly lagMs: number;
  readonly sshKeys: string[];
  label: string | null;
  /** When its container began to start, and when it was stopped; the last one may be open. `waits`: for a GPU that somebody else has. */
  readonly spans: { from: number; until: number | null; first: boolean; waits: boolean }[];
  intended: 'running' | 'stopped';
  endedAt: number | null;
}

/** An account at vast, its machines and its bill, under one clock. */
export interface Account {
  readonly options: VastOptions;
  readonly fleet: readonly Physical[];
  /** Keys of whole accounts, and what is wrong with those that are not good. */
  readonly keys: Map<string, 'good' | 'expired'>;
  readonly rentals: Rental[];
  /** How often each machine was rented: an offer is good for one rental. */
  readonly turns: Map<number, number>;
  readonly sshKeys: { id: number; public_key: string }[];
  readonly traps: Traps;
  readonly asked: string[];
  readonly chance: () => number;
  now(): number;
  /** Whether this trap springs now. */
  springs(trap: Trap): boolean;
  onRent: (rental: Rental) => void;
}

export const GOOD_KEY = 'a'.repeat(64);

export function openVast(options: VastOptions): Account {
  const seed = options.seed ?? 'vast';
  const chance = seeded(`${seed}/chance`);
  const traps = options.traps ?? new Map();
  return {
    options,
    fleet: fleetOf(seed, options.machines ?? 240),
    keys: new Map([[GOOD_KEY, 'good']]),
    rentals: [],
    turns: new Map(),
    sshKeys: [],
    traps,
    asked: [],
    chance,
    now: options.now,
    springs(trap) {
      const share = traps.get(trap);
      return share !== undefined && share > 0 && chance() < share;
    },
    onRent: () => undefined,
  };
}

/** The id a machine is offered under now. */
export function askId(account: Account, { machine_id }: Physical): number {
  return machine_id * 1_000 + (account.turns.get(machine_id) ?? 0);
}

export const isLive = (rental: Rental): boolean => rental.endedAt === null;

export function stop(account: Account, rental: Rental): void {
  const span = rental.spans.at(-1);
  if (span && span.until === null) span.until = account.now();
}

export function freeMachines(account: Account): readonly Physical[] {
  const taken = new Set(account.rentals.filter(isLive).map(({ physical }) => physical.machine_id));
  return account.fleet.filter(({ machine_id }) => !taken.has(machine_id));
}

export function nextBoot(account: Account, physical: Physical): Boot {
  const turn = account.turns.get(physical.machine_id) ?? 0;
  const { boot, seed = 'vast', weather = { correlated: false } } = account.options;
  if (boot) return boot(physical, turn);
  const { machine_id: machine, host_id: host, geolocation: region, quality } = physical;
  const drawn = bootOf(seed, { machine, host, region, quality }, turn, weather);
  const fates = ['stuck', 'exits', 'offline', 'oci', 'no-ports', 'ssh-refused', 'cuda-dead'] as const;
  const forced = fates.find((fate) => account.springs(fate));
  if (!forced) return drawn;
  const never = Number.POSITIVE_INFINITY;
  return {
    ...drawn,
    fate: forced,
    loadingMs: forced === 'stuck' ? never : drawn.loadingMs,
    sshMs: forced === 'ssh-refused' ? never : drawn.sshMs,
  };
}
