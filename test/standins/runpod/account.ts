import type { Clock } from '../../../engine/domain/ports.ts';
import { type Catalogue, catalogue } from './catalogue.ts';
import { endAt, type Pod } from './pod.ts';
import type { Trap } from './traps.ts';

/** One account, with all that happened in it. */
export interface Account {
  readonly key: string;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly pods: Map<string, Pod>;
  /** What was asked, as `POST /v2/pods`. */
  readonly asked: string[];
  readonly traps: Set<Trap>;
  /** Paid in so far, in dollars. */
  deposit: number;
  spendLimit: number;
  sshKeys: readonly string[];
  /** How long new pods take, in ms: until STARTING, until RUNNING, until their ports are public. */
  pace: Pace;
}

export interface Pace {
  readonly provisioningMs: number;
  readonly startingMs: number;
  readonly portsMs: number;
}

export function openAccount(clock: Clock, key = STANDIN_KEY): Account {
  return {
    key,
    clock,
    catalogue: catalogue(),
    pods: new Map(),
    asked: [],
    traps: new Set(),
    deposit: 100,
    spendLimit: 80,
    sshKeys: [],
    pace: { provisioningMs: 8_000, startingMs: 20_000, portsMs: 2_000 },
  };
}

/** What a pod finds in its RUNPOD_API_KEY: it ends that pod by GraphQL, and nothing in REST, as one report says. */
export const podKey = (id: string): string => `pod-scoped-${id}`;

export const STANDIN_KEY = 'rpa_STANDINSTANDINSTANDINSTANDIN';

export interface Charge {
  readonly pod: string;
  readonly name: string;
  readonly from: number;
  readonly until: number | null;
  readonly gpuDollars: number;
  readonly diskDollars: number;
}

const HOUR = 3_600_000;

/** What every pod cost between two moments, ended or not; without them, until now. */
export function bill(
  account: Pick<Account, 'pods' | 'clock'>,
  after = 0,
  before = account.clock.now(),
): readonly Charge[] {
  return [...account.pods.values()].map((pod) => {
    const sum = (of: 'gpu' | 'disk'): number =>
      pod.rates.reduce((total, rate, i) => {
        const until = Math.min(before, pod.rates[i + 1]?.from ?? pod.terminatedAt ?? before);
        return total + (rate[of] * Math.max(0, until - Math.max(after, rate.from))) / HOUR;
      }, 0);
    const { id, name, createdAt, terminatedAt } = pod;
    return { pod: id, name, from: createdAt, until: terminatedAt, gpuDollars: sum('gpu'), diskDollars: sum('disk') };
  });
}

export function balance(account: Account): number {
  return account.deposit - bill(account).reduce((sum, one) => sum + one.gpuDollars + one.diskDollars, 0);
}

export function spendPerHour({ pods }: Pick<Account, 'pods'>): number {
  const live = [...pods.values()].filter(({ terminatedAt }) => terminatedAt === null);
  return live.reduce((sum, { rates }) => sum + (rates.at(-1)?.gpu ?? 0) + (rates.at(-1)?.disk ?? 0), 0);
}

/** At zero every pod without a network volume is terminated, and what was on it is lost. */
export function collect(account: Account): void {
  if (balance(account) > 0) return;
  for (const pod of account.pods.values()) if (pod.terminatedAt === null) endAt(pod, account.clock.now());
}
