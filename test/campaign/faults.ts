import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../simulation/dice.ts';
import { programsOn, VICTIMS } from './programs.ts';
import type { Rig } from './rig.ts';

/** One way in which things go wrong. */
export interface Fault {
  readonly name: string;
  /** Begins it; false when there is nobody to strike. */
  strike(at: Target): Promise<boolean>;
  /** Ends what does not end by itself. */
  end?(at: Target): Promise<void>;
  /** How long it lasts. */
  readonly holdMs?: number;
  /** Times that are told meanwhile mean little. */
  readonly shifts?: boolean;
  /** The machine goes, and with it what was in no snapshot. */
  readonly takes?: boolean;
}

export interface Target {
  readonly rig: Rig;
  readonly dice: Dice;
  /** The machine that somebody works on, or is about to. */
  readonly root: () => string | null;
  readonly instance: () => string | null;
}

/** Each of these once, in another order each time, and then all of them again. */
export function deckOf(number: number, dice: Dice, rig: Rig): readonly Fault[] {
  const long = number % 2 === 1 ? LONG[(number >> 1) % LONG.length] : undefined;
  const deck = [...SHORT, ...diskFaults(rig), ...(long ? [long] : [])];
  return deck
    .map((fault) => ({ fault, at: dice.roll() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ fault }) => fault);
}

const killed = (victim: keyof typeof VICTIMS): Fault => ({
  name: `kill -9 ${NAMES[victim]}`,
  async strike({ root }) {
    for (let waitedMs = 0; waitedMs < MEET_MS; waitedMs += LOOK_MS) {
      const victims = programsOn(root() ?? '').filter(VICTIMS[victim]);
      for (const { pid } of victims) killIfThere(pid);
      if (victims.length > 0) return true;
      await sleep(LOOK_MS);
    }
    return false;
  },
});

const NAMES = {
  agent: 'the agent',
  backup: "the agent's backup",
  save: "the agent's save",
  restore: "the agent's restore",
  restic: 'restic',
} as const;

const misbehaves = (mode: string, name: string, holdMs: number): Fault => ({
  name,
  holdMs,
  async strike({ rig, instance }) {
    const target = instance();
    if (target) await rig.market.misbehave(target, mode).catch(() => undefined);
    return target !== null;
  },
  async end({ rig, instance }) {
    const target = instance();
    if (target) await rig.market.misbehave(target, null).catch(() => undefined); // it may be gone by now
  },
});

const away = (part: 'engine' | 'storage', holdMs: number, name: string): Fault => ({
  name,
  holdMs,
  async strike({ rig }) {
    await rig[part].kill();
    return true;
  },
  end: ({ rig }) => rig[part].start(),
});

const frozen = (part: 'engine' | 'storage', holdMs: number, name: string): Fault => ({
  name,
  holdMs,
  async strike({ rig }) {
    rig[part].freeze();
    return true;
  },
  async end({ rig }) {
    rig[part].thaw();
  },
});

const shifted = (whose: 'engine' | 'machine', ms: number, name: string): Fault => ({
  name,
  holdMs: 3_000,
  shifts: true,
  async strike({ rig, root }) {
    rig.shift(whose, ms, root());
    return whose === 'engine' || root() !== null;
  },
  async end({ rig, root }) {
    rig.shift(whose, 0, root());
  },
});

const SHORT: readonly Fault[] = [
  killed('agent'),
  killed('backup'),
  killed('restic'),
  killed('save'),
  away('engine', 0, 'kill -9 the engine'),
  away('engine', 6_000, 'kill -9 the engine, for 6 s'),
  frozen('engine', 8_000, 'the engine stands still for 8 s'),
  misbehaves('ssh-refused', 'SSH connections cut', 0),
  misbehaves('ssh-refused', 'SSH server away for 6 s', 6_000),
  {
    name: "kill -9 the machine's own process, SSH server and all",
    async strike({ root }) {
      // Its first process takes all others along; the one that holds the SSH server notices and ends.
      const first = programsOn(root() ?? '').find(({ argv }) => argv.join(' ').includes('while read -r line'));
      if (first) killIfThere(first.pid);
      return first !== undefined;
    },
  },
  {
    name: 'the marketplace takes the machine away',
    takes: true,
    async strike({ rig, instance }) {
      const target = instance();
      if (target) await rig.market.destroy(target, AbortSignal.timeout(20_000));
      return target !== null;
    },
  },
  away('storage', 0, 'kill -9 the object server'),
  away('storage', 6_000, 'storage away for 6 s'),
  frozen('storage', 6_000, 'storage silent for 6 s'),
  shifted('engine', 8 * 60_000, "the engine's clock 8 min ahead for 3 s"),
  shifted('engine', -8 * 60_000, "the engine's clock 8 min back for 3 s"),
  shifted('machine', 2 * 3_600_000, "the machine's clock 2 h ahead for 3 s"),
  shifted('machine', -2 * 3_600_000, "the machine's clock 2 h back for 3 s"),
];

/** After these it takes a minute until work is durable again, so that they are rarer. */
const LONG: readonly Fault[] = [
  // What it signs meanwhile is refused, and programs that hold it go on trying.
  shifted('engine', 2 * 3_600_000, "the engine's clock 2 h ahead for 3 s"),
  away('storage', 60_000, 'storage away for 60 s'),
  frozen('storage', 60_000, 'storage silent for 60 s'),
];

/** For rounds in which a machine is woken. */
export const RESTORE_KILLED: Fault = killed('restore');

function diskFaults(rig: Rig): readonly Fault[] {
  return Object.entries(rig.disks).map(([name, disk]) => ({
    name: `disk full for 6 s: ${name}`,
    holdMs: 6_000,
    async strike() {
      disk.fill();
      return true;
    },
    async end() {
      disk.free();
    },
  }));
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was quicker
  }
}

/** What a fault strikes may only be about to begin. */
const MEET_MS = 6_000;
const LOOK_MS = 15;
