import { seeded } from '../../fakes/chance.ts';

/** What becomes of one rental, from its creation on. */
export interface Boot {
  /** Until it is called running. */
  readonly loadingMs: number;
  /** From then until its SSH server answers; never, for some. */
  readonly sshMs: number;
  /** Its image lay there already, so nothing is pulled or paid for. */
  readonly cached: boolean;
  readonly fate: Fate;
}

export type Fate = 'well' | 'stuck' | 'exits' | 'offline' | 'oci' | 'no-ports' | 'ssh-refused' | 'cuda-dead';

/** How often each of these happens by itself; vast publishes none of it, so they are assumed. */
const FATES: readonly (readonly [Fate, number])[] = [
  ['stuck', 0.03],
  ['exits', 0.015],
  ['offline', 0.01],
  ['oci', 0.01],
  ['no-ports', 0.01],
  ['ssh-refused', 0.01],
  ['cuda-dead', 0.015],
];

/** Seconds to running, from the published figures; `share` goes from 0 to 1. */
export const CURVES = {
  /** An image that is there: mean 32 s, P95 58 s of 100,000 starts (io.net, Mar-Apr 2026). */
  cached: (share: number) => lognormal(30, 58, share),
  /** Vast's own words: 1 to 5 min. */
  pulled: (share: number) => lognormal(125, 300, share),
  /** SaladCloud 2025, 100 replicas of 5.53 GB: half within 10 min, 80 % 20, 90 % 40, all 80. */
  slow: (share: number) => between(SALAD, share),
} as const;

const SALAD: readonly (readonly [number, number])[] = [
  [0, 150],
  [0.5, 600],
  [0.8, 1_200],
  [0.9, 2_400],
  [1, 4_800],
];

export interface Weather {
  /** Machines of one owner or one place are slow on the same day; otherwise each by itself, as often. */
  readonly correlated: boolean;
  /** The same failures, as often, but all of them at an eighth of the machines; otherwise each machine has its share. */
  readonly lemons?: boolean;
  /** Which curve a host follows how often: by itself a quarter cached, a half pulled, a quarter slow. */
  readonly only?: keyof typeof CURVES;
}

interface Whose {
  readonly machine: number;
  readonly host: number;
  readonly region: string;
  /** 0 to 1: how well its owner looks after it. */
  readonly quality: number;
}

/** The same for the same seed, machine and turn, whatever else was rented. */
export function bootOf(seed: string, { machine, host, region, quality }: Whose, turn: number, weather: Weather): Boot {
  const chance = seeded(`${seed}/boot/${machine}/${turn}`);
  const fate = fateOf(chance() * (weather.lemons ? lemonPart(machine) : 1));
  const kind = weather.only ?? kindOf(chance(), quality);
  const share = chance();
  const whose = (name: string): string => (weather.correlated ? name : `${name}/${machine}/${turn}`);
  const slowness =
    factor(`${seed}/host/${whose(String(host))}`, 0.2, 3) *
    factor(`${seed}/region/${whose(region)}`, 0.1, 2) *
    factor(`${seed}/registry/${whose('')}`, 0.05, 2.5);
  const cached = kind === 'cached';
  const loadingMs = CURVES[kind](share) * (cached ? 1 : slowness) * 1_000;
  return {
    loadingMs: fate === 'stuck' ? Number.POSITIVE_INFINITY : loadingMs,
    sshMs: fate === 'ssh-refused' ? Number.POSITIVE_INFINITY : 1_000 + 5_000 * chance(),
    cached,
    fate,
  };
}

/** Eight times as likely at one machine of eight, and never at the others. */
const lemonPart = (machine: number): number =>
  seeded(`lemon/${machine}`)() < 1 / 8 ? 1 / 8 : Number.POSITIVE_INFINITY;

function fateOf(roll: number): Fate {
  let left = roll;
  for (const [fate, share] of FATES) {
    if (left < share) return fate;
    left -= share;
  }
  return 'well';
}

function kindOf(roll: number, quality: number): keyof typeof CURVES {
  const cached = 0.1 + 0.3 * quality;
  const slow = 0.4 - 0.3 * quality;
  return roll < cached ? 'cached' : roll < 1 - slow ? 'pulled' : 'slow';
}

function factor(seed: string, share: number, by: number): number {
  const chance = seeded(seed);
  return chance() < share ? 1 + (by - 1) * 2 * chance() : 1;
}

function lognormal(median: number, p95: number, share: number): number {
  const sigma = Math.log(p95 / median) / 1.645;
  return median * Math.exp(sigma * normal(Math.min(0.9999, Math.max(0.0001, share))));
}

/** The normal distribution's quantile (Abramowitz and Stegun 26.2.23, within 5e-4). */
function normal(share: number): number {
  const tail = share < 0.5 ? share : 1 - share;
  const t = Math.sqrt(-2 * Math.log(tail));
  const z =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
  return share < 0.5 ? -z : z;
}

function between(points: readonly (readonly [number, number])[], share: number): number {
  const i = points.findIndex(([at]) => at >= share);
  const [x1, y1] = points[Math.max(1, i)]!;
  const [x0, y0] = points[Math.max(1, i) - 1]!;
  return y0 * (y1 / y0) ** ((share - x0) / (x1 - x0));
}
