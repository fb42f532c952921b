import type { AgentEvent } from './agent-protocol.ts';
import type { AgentStatus, JobStatus } from './heartbeat.ts';
import type { Told } from './journals.ts';
import type { Machine, State } from './lifecycle.ts';
import type { Address, Listed, Need, Offer } from './marketplace.ts';
import type { MicroDollars } from './money.ts';
import type { Operation } from './operation.ts';
import type { Snapshot } from './snapshot.ts';
import type { Sight, Workspace, WorkspaceSpec } from './workspace.ts';

/** What the engine offers to its ways in. They parse, ask here, and say what comes back; none of them touches a machine. */
export interface Engine {
  create(name: string, spec: Partial<WorkspaceSpec>, asked: Asked): Promise<Workspace>;
  wake(name: string, how: WakeChoice, asked: Asked): Promise<Operation>;
  hibernate(name: string, how: { readonly agreedToLose?: readonly string[] }, asked: Asked): Promise<Operation>;
  snapshot(
    name: string,
    how: { readonly description: string; readonly tags?: readonly string[] },
    asked: Asked,
  ): Promise<Operation>;
  /** A named person gives up what is on the machine. Recorded, and the only way past a failed backup. */
  abandon(name: string, how: { readonly why: string }, asked: Asked): Promise<Operation>;
  /** Changes what the workspace is; what it does not name stays. Image, disk and ports count from the next wake. */
  configure(name: string, spec: Partial<WorkspaceSpec>, asked: Asked): Promise<Workspace>;
  /** Awake for so long, idle or not; null ends that. */
  keep(name: string, how: { readonly forMs: number | null; readonly why: string }, asked: Asked): Promise<Workspace>;
  /** Runs a program on its machine: a checkpoint before, awake meanwhile, then asleep if so wanted. */
  run(
    name: string,
    how: { readonly argv: readonly string[]; readonly thenHibernate: boolean },
    asked: Asked,
  ): Promise<Operation>;
  /** Forgets the workspace. Refused while it has a machine; its snapshots go only with `purge`. */
  destroy(name: string, how: { readonly purge: boolean }, asked: Asked): Promise<void>;

  /** One workspace, or all of them. */
  status(name: string | null): Promise<readonly WorkspaceView[]>;
  /** What would be lost if its machine ended now; asks the machine itself. */
  atRisk(name: string, signal: AbortSignal): Promise<RiskView>;
  snapshots(name: string): Promise<readonly Snapshot[]>;
  /** What a wake would cost and how long it would take; spends nothing. */
  quote(name: string, how: WakeChoice): Promise<Quote>;
  offers(need: Need, signal: AbortSignal): Promise<readonly RankedOffer[]>;
  hosts(): Promise<readonly HostMemory[]>;
  operation(id: string): Promise<Operation>;
  /** The last `limit` things people were told after number `after`, oldest first. */
  past(after: number, workspace: string | null, limit: number): Promise<readonly Told[]>;
  /** Everything people are told, from number `after` on: what was missed first, then as it happens. */
  events(after: number, workspace: string | null, signal: AbortSignal): AsyncIterable<Told>;
  /** How to reach the workspace's machine by SSH. */
  ssh(name: string): Promise<SshTarget>;
  health(): Promise<readonly { readonly name: string; readonly ok: boolean; readonly say: string }[]>;
}

export interface Asked {
  /** The account, Discord user, timer or policy. */
  readonly by: string;
  /** Where it came from, so that the same click or request never acts twice. */
  readonly key: string | null;
}

export interface WakeChoice {
  /** A snapshot's id or unique prefix; the newest good one when missing. */
  readonly snapshot?: string | undefined;
  /** Narrows what the workspace's own need says. */
  readonly need?: Need | undefined;
  readonly capDollars?: number | undefined;
}

export interface WorkspaceView {
  readonly workspace: Workspace;
  readonly sight: Sight;
  readonly why: string;
  readonly since: number;
  readonly machine: Machine | null;
  readonly race: RaceView | null;
  readonly newest: Snapshot | null;
  /** What it burns right now, all of its machines together. */
  readonly dollarsPerHour: number;
  readonly operation: Operation | null;
  /** What its machine says of itself; null when it has not been heard lately. */
  readonly pulse: Pulse | null;
}

export interface Pulse {
  readonly heardAt: number;
  readonly backup: AgentStatus['backup'];
  readonly jobs: readonly JobStatus[];
  /** Whether it counts as idle, and why. */
  readonly idle: Verdict;
}

/** What the hibernation policy says of a machine. */
export interface Verdict {
  readonly sleep: boolean;
  /** For people, always: "the GPU is 87 % busy", "idle for 4 minutes". */
  readonly why: string;
  /** Since when nothing was seen on it; null while something is. */
  readonly quietSince: number | null;
}

export type RiskView = Omit<Extract<AgentEvent, { event: 'at_risk' }>, 'event'> & { readonly machine: string };

export interface RaceView {
  readonly id: string;
  readonly startedAt: number;
  readonly round: number;
  readonly rounds: number;
  readonly racers: readonly RacerView[];
}

export interface RacerView {
  readonly machine: string;
  readonly round: number;
  readonly state: State;
  readonly since: number;
  readonly why: string;
  readonly offer: Offer;
}

export interface Quote {
  readonly readyMs: { readonly p50: number; readonly p95: number } | null;
  /** How many starts the estimate rests on. */
  readonly samples: number;
  readonly dollarsPerHour: { readonly low: number; readonly high: number };
  readonly capMicro: MicroDollars;
  readonly restoreBytes: number;
  readonly restoreDollars: number;
  readonly firstRound: readonly RankedOffer[];
}

export interface RankedOffer {
  readonly offer: Offer;
  readonly rank: number;
  readonly why: string;
}

export interface HostMemory {
  readonly marketplace: string;
  readonly host: string;
  readonly physical: string;
  readonly starts: number;
  readonly failures: number;
  /** Milliseconds per stage. */
  readonly stages: Readonly<
    Partial<Record<State, { readonly p50: number; readonly p95: number; readonly samples: number }>>
  >;
  readonly lastAt: number;
  readonly lastWhy: string;
}

export interface SshTarget {
  readonly workspace: string;
  readonly machine: string;
  readonly address: Address;
  /** `SHA256:...` */
  readonly hostKey: string;
  readonly user: 'root';
  /** The engine's own key file, when the engine runs on this computer. */
  readonly identityFile: string | null;
}

/** The levers of the local marketplace, whose machines can be made to behave as badly as rented ones do. */
export interface LocalControl {
  /** Every way to misbehave, and what it does. */
  readonly modes: Readonly<Record<string, string>>;
  machines(): Promise<readonly LocalMachine[]>;
  /** `target` is an instance, a physical machine or the word `market`; null ends it. */
  misbehave(target: string, mode: string | null): Promise<void>;
  /** What the machine's GPU says of itself from now on. */
  setGpu(target: string, reading: GpuReading): Promise<void>;
  bill(): Promise<readonly LocalCharge[]>;
  /** Ends every machine of the marketplace at once, whatever is on it; returns how many there were. */
  endAll(): Promise<number>;
}

export interface LocalMachine extends Listed {
  readonly gpu: GpuReading;
  readonly misbehaving: string | null;
}

export interface GpuReading {
  readonly utilizationPercent: number;
  readonly memoryUsedMb: number;
}

export interface LocalCharge {
  readonly instance: string;
  readonly label: string | null;
  readonly from: number;
  /** Null while it still bills. */
  readonly until: number | null;
  readonly micro: MicroDollars;
}
