import type { Readable } from 'node:stream';
import type { Account, Role, Share, Token, Who } from './account.ts';
import type { AgentEvent, ManifestLine } from './agent-protocol.ts';
import type { Alert } from './alert.ts';
import type { Budget, BudgetChoice } from './budget.ts';
import type { AgentStatus, JobStatus } from './heartbeat.ts';
import type { Deed, Drill, Seal, Told } from './journals.ts';
import type { Machine, State } from './lifecycle.ts';
import type { Level, PlacedLine } from './log.ts';
import type { Address, Listed, Need, Offer } from './marketplace.ts';
import type { MicroDollars } from './money.ts';
import type { Operation } from './operation.ts';
import type { Day, Plan, PlanName, Price, PriceBookName, PricesSaid, RestorePrice, Rung } from './plan.ts';
import type { Report, ReportChoice } from './report.ts';
import type { Savings, SavingsWanted } from './savings.ts';
import type { Schedule } from './schedule.ts';
import type { Backup, Fate, Snapshot, SnapshotType } from './snapshot.ts';
import type { Sight, Workspace, WorkspaceSpec } from './workspace.ts';

/** A machine without a GPU, for when none with one can be had: whether it is wanted, and what it costs. */
export interface StandbyView {
  readonly workspace: string;
  readonly agreed: Workspace['standby'];
  /** The machine that it runs on now, if that is its standby. */
  readonly active: string | null;
  /** The best one on offer now. */
  readonly offer: Offer | null;
  /** Were it used all month: it is paid for only while it is used. */
  readonly dollarsPerMonth: number | null;
  /** Why there is none. */
  readonly why: string | null;
}

/** What the engine offers to its ways in. They parse, ask here, and say what comes back; none of them touches a machine. */
export interface Engine {
  create(name: string, spec: Partial<WorkspaceSpec>, asked: Asked): Promise<Workspace>;
  wake(name: string, how: WakeChoice, asked: Asked): Promise<Operation>;
  hibernate(name: string, how: { readonly agreedToLose?: readonly string[] }, asked: Asked): Promise<Operation>;
  /** Saved, and its machine stopped in place; refused where the marketplace cannot. A wake starts it again. */
  pause(name: string, asked: Asked): Promise<Operation>;
  snapshot(name: string, how: SnapshotChoice, asked: Asked): Promise<Operation>;
  /** Files of a snapshot, put back on the machine while people work. */
  bringBack(name: string, how: BringBackChoice, asked: Asked): Promise<Operation>;
  /** What a restore would bring and what it would take the place of; refused for what the restore would be refused for. */
  restorePlan(name: string, how: RestorePlanChoice, signal: AbortSignal): Promise<RestorePlan>;
  /** A named person gives up what is on the machine. Recorded, and the only way past a failed backup. */
  abandon(name: string, how: { readonly why: string }, asked: Asked): Promise<Operation>;
  /** Changes what the workspace is; what it does not name stays. Image, disk and ports count from the next wake. */
  configure(name: string, spec: Partial<WorkspaceSpec>, asked: Asked): Promise<Workspace>;
  /** Awake for so long, idle or not; null ends that. */
  keep(name: string, how: { readonly forMs: number | null; readonly why: string }, asked: Asked): Promise<Workspace>;
  /** What a machine without a GPU would cost it here, for when none with one can be had. */
  standby(name: string): Promise<StandbyView>;
  /** Whether one takes over. Refused where its price was not agreed to. */
  standBy(
    name: string,
    how: { readonly on: boolean; readonly agreedDollarsPerMonth: number | null },
    asked: Asked,
  ): Promise<StandbyView>;
  /** From now on it wakes or goes to sleep at that time by itself. */
  schedule(name: string, how: ScheduleChoice, asked: Asked): Promise<Workspace>;
  unschedule(name: string, id: string, asked: Asked): Promise<Workspace>;
  /** Runs a program on its machine: a checkpoint before, awake meanwhile, then asleep if so wanted. */
  run(
    name: string,
    how: { readonly argv: readonly string[]; readonly thenHibernate: boolean },
    asked: Asked,
  ): Promise<Operation>;
  /** Lets somebody in, or with null no longer. */
  share(
    name: string,
    how: { readonly with: string; readonly role: Share['role'] | null },
    asked: Asked,
  ): Promise<Workspace>;
  /** It never goes by itself, or no longer so. */
  pin(
    name: string,
    snapshot: string,
    how: { readonly pinned: boolean; readonly why: string },
    asked: Asked,
  ): Promise<Snapshot>;
  /** A new workspace, made of a snapshot of this one; for whoever does not own this one as `give` makes it. */
  clone(name: string, snapshot: string, how: { readonly into: string }, asked: Asked): Promise<Operation>;
  /** A new workspace of somebody else's, made of a snapshot of this one; nothing of this one's keys goes with it. */
  give(
    name: string,
    snapshot: string,
    how: { readonly to: string; readonly into: string },
    asked: Asked,
  ): Promise<Operation>;
  /** Restores a snapshot here to try it, as is done each week by itself; with null the newest good one. */
  drill(name: string, how: { readonly snapshot: string | null }, asked: Asked): Promise<Operation>;
  /** Another password for its repository. The old one opens it until no machine needs it any more. */
  rekey(name: string, asked: Asked): Promise<Operation>;
  /** Removes a snapshot for ever. What the next wake would start from goes only with `newest`. */
  forget(
    name: string,
    snapshot: string,
    how: { readonly newest: boolean; readonly why: string },
    asked: Asked,
  ): Promise<Snapshot>;
  /** A person has looked: what storage and the marketplaces hold is all there is, and the engine may act again. False: nothing waited for that. */
  confirmRecovery(asked: Asked): Promise<boolean>;
  /**
   * Forgets the workspace. Refused while it has a machine; its snapshots go only with `purge`. Begun it goes on by itself:
   * `workspace_purged` says that something is left after as long as anybody waits.
   */
  destroy(name: string, how: { readonly purge: boolean }, asked: Asked): Promise<void>;

  /** One workspace, or all of them by name; of those a part, if it is so wanted. */
  status(name: string | null, part?: Part): Promise<readonly WorkspaceView[]>;
  /** What would be lost if its machine ended now; asks the machine itself. */
  atRisk(name: string, signal: AbortSignal): Promise<RiskView>;
  snapshots(name: string): Promise<readonly Snapshot[]>;
  /** The same, with what is happening to them, and those that are not there yet. */
  backups(name: string): Promise<readonly Backup[]>;
  /** Also by the operation that asked for it. */
  findBackup(name: string, id: string): Promise<Backup>;
  /** By its id, or the beginning of it that no other one has. */
  findSnapshot(name: string, id: string): Promise<Snapshot>;
  /** What lies in a directory of a snapshot ('' is its top), from its list in storage; no machine is needed. */
  files(
    name: string,
    snapshot: string,
    at: { readonly folder: string; readonly deep: boolean },
    signal: AbortSignal,
  ): Promise<readonly FileEntry[]>;
  /** How the second snapshot differs from the first. */
  diff(name: string, before: string, after: string, signal: AbortSignal): Promise<readonly FileDifference[]>;
  /** The bytes of a file, or of a directory as a tar; '' is all of it. */
  download(name: string, snapshot: string, path: string, signal: AbortSignal): Promise<Download>;
  /** Which of them stay and which go if they were thinned now, and why. Changes nothing. */
  retention(name: string): Promise<readonly Fate[]>;
  /** What people should look at, and what was over lately; of one workspace, or with null of all and the installation. */
  alerts(name: string | null): Promise<readonly Alert[]>;
  /** How long it took to bring snapshots back, when that was tried; of one workspace or, with null, of all. */
  drills(name: string | null): Promise<DrillView>;
  /** What a wake would cost and how long it would take; spends nothing. */
  quote(name: string, how: WakeChoice): Promise<Quote>;
  /** What each plan allows and what storage costs with it, for this workspace or, with null, for a typical one. */
  /** Priced for that workspace, and a restore of so many bytes; of all that it has where none are named. */
  plans(name: string | null, restoreBytes?: number | null): Promise<PlanQuotes>;
  reports(): Promise<readonly Report[]>;
  /** Posted by itself from the next time on; the one that stands for this channel gives way. */
  planReport(choice: ReportChoice, asked: Asked): Promise<Report>;
  removeReport(id: string, asked: Asked): Promise<void>;
  /** All of them, or those of one account. */
  budgets(user?: string | null): Promise<readonly BudgetView[]>;
  /** At 80 % people are told; at 100 % nothing new is rented, and what runs is warned, saved and put to sleep. */
  setBudget(choice: BudgetChoice, asked: Asked): Promise<BudgetView>;
  removeBudget(id: string, asked: Asked): Promise<void>;
  /** What was paid and what always-on would have cost, of one workspace or of all. */
  savings(wanted: SavingsWanted): Promise<Savings>;
  /** Best first. Whoever looks around may get what was seen a moment ago. */
  offers(need: Need, signal: AbortSignal): Promise<OffersView>;
  hosts(): Promise<HostsView>;
  operation(id: string): Promise<Operation>;
  /** Of one workspace or of all, newest first. */
  operations(name: string | null): Promise<readonly Operation[]>;
  /** The last `limit` things people were told after number `after`, oldest first. */
  past(after: number, workspace: string | null, limit: number): Promise<readonly Told[]>;
  /** The number of the last thing that anybody was told. */
  lastTold(): Promise<number>;
  /** Everything people are told, from number `after` on: what was missed first, then as it happens. */
  events(after: number, workspace: string | null, signal: AbortSignal): AsyncIterable<Told>;
  /** The log of a workspace, the newest line first; those of its machines are in it. */
  logs(name: string, part: LogPart): Promise<readonly PlacedLine[]>;
  /** What is noted in it from now on, or behind a place. */
  followLog(
    name: string,
    how: { readonly least: Level; readonly after: string | null },
    signal: AbortSignal,
  ): AsyncIterable<PlacedLine>;
  /** How to reach the workspace's machine by SSH. */
  ssh(name: string): Promise<SshTarget>;
  health(): Promise<readonly HealthPart[]>;
}

/** One thing that Dumont needs, and how it is; `mend` says what to do where nothing heals it by itself. */
export interface HealthPart {
  readonly name: string;
  readonly ok: boolean;
  readonly say: string;
  readonly mend?: string;
}

/** Who may come in, and what they show at the door. Wrong words reject with `Failure('bad_token')`, whatever is wrong. */
export interface Accounts {
  /** Whose access word or token this is. */
  whose(word: string): Promise<Who>;
  /** `from` is where it was asked, so that guessing is slowed down there too. */
  login(name: string, password: string, from: string): Promise<Login>;
  /** A new pair for the refresh word of a login. Each is good once; the second use of one ends the login. */
  refresh(word: string): Promise<Login>;
  logout(word: string): Promise<void>;

  list(): Promise<readonly Account[]>;
  /** Without a password it makes one. Either is returned, this one time. */
  create(name: string, role: Role, by: string, password?: string): Promise<{ account: Account; password: string }>;
  change(
    name: string,
    to: { readonly role?: Role; readonly ended?: boolean; readonly password?: string },
  ): Promise<Account>;
  isPassword(name: string, password: string): Promise<boolean>;
  /** The very first account, with its password; null when there is one. */
  begin(): Promise<{ readonly name: string; readonly password: string } | null>;

  tokens(account: string): Promise<readonly Token[]>;
  /** The word is returned this one time. Never with more power than `who` has. */
  createToken(
    who: Who,
    wanted: {
      readonly name: string;
      readonly role: Role | null;
      readonly workspaces: readonly string[] | null;
      readonly forMs: number | null;
    },
  ): Promise<{ readonly token: Token; readonly word: string }>;
  endToken(account: string, id: string): Promise<void>;

  /** A code to show once in Discord. */
  linkCode(account: string): Promise<{ readonly code: string; readonly expiresAt: number }>;
  link(code: string, discord: string): Promise<Account>;
  unlink(account: string): Promise<Account>;
  byDiscord(discord: string): Promise<Who | null>;
}

/** Who did what, written down once and never changed. */
export interface Audit {
  record(deed: Omit<Deed, 'at'>): Promise<void>;
  /** Those that fit, newest first. */
  read(wanted: AuditQuery): Promise<readonly Deed[]>;
  /** Reads all of it again: is each entry as it was written, and is none missing? */
  verify(): Promise<Seal>;
}

/** What was counted and timed. */
export interface Meter {
  /** How an answer went; `route` is its pattern, so that no name gets in. */
  answered(method: string, route: string, status: number, ms: number): void;
  /** As Prometheus reads it. */
  text(): Promise<{ readonly type: string; readonly body: string }>;
  /** The same, as values. */
  all(): Promise<readonly object[]>;
}

export interface AuditQuery {
  readonly by?: string | undefined;
  readonly verb?: string | undefined;
  readonly on?: string | undefined;
  readonly since?: number | undefined;
}

export interface Login {
  readonly access: string;
  readonly expiresAt: number;
  readonly refresh: string;
  readonly who: Who;
}

export interface Asked {
  /** The account, Discord user, timer or policy. */
  readonly by: string;
  /** Where it came from, so that the same click or request never acts twice. */
  readonly key: string | null;
  /** The address and what was shown there, for the audit. */
  readonly from?: string;
}

/** Something in a directory of a snapshot; of a directory the sums of all below it. */
export interface FileEntry {
  readonly name: string;
  readonly type: ManifestLine['type'];
  readonly mtimeMs: number;
  readonly sizeBytes: number;
  readonly files: number;
  readonly sha256: string | null;
  /** Null of a directory that is only known by what lies below it. */
  readonly mode: number | null;
  readonly target: string | null;
}

export interface FileDifference {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface Download {
  /** What a person may call it. */
  readonly name: string;
  readonly archive: boolean;
  /** Of a file; null for an archive, which is made as it goes. */
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly stream: Readable;
}

export interface BringBackChoice {
  /** A snapshot's id or unique prefix. */
  readonly snapshot: string;
  /** A file or directory, relative to the machine's root; null: everything. */
  readonly path: string | null;
  /** A directory of the machine to put it in; null: where it was. */
  readonly into: string | null;
  /** A person agreed that what is there now gives way; a checkpoint is taken before. */
  readonly overwrite: boolean;
}

export interface SnapshotChoice {
  readonly description: string;
  readonly tags?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, string>> | undefined;
  readonly type?: SnapshotType | undefined;
  /** A directory of the machine that must be in it. */
  readonly holds?: string | undefined;
}

export type ScheduleChoice = Pick<Schedule, 'want' | 'days' | 'time' | 'zone'>;

/** A part of a list that is in order. */
export interface Part {
  readonly only?: (workspace: Workspace) => boolean;
  /** Those that come behind this name. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface LogPart {
  readonly least: Level;
  /** Of this UTC day alone, as `2024-01-15`. */
  readonly day?: string | undefined;
  /** Those that stand before this place. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface WakeChoice {
  /** A snapshot's id or unique prefix; the newest good one when missing. */
  readonly snapshot?: string | undefined;
  /** A person agreed that the newest good one is set aside for an older one. */
  readonly setAside?: boolean | undefined;
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
  /** Null until its storage was first counted. */
  readonly storage: StorageView | null;
}

/** What a workspace takes in storage, and what that costs as long as it stays so. */
export interface StorageView {
  readonly bytes: number;
  /** Of the copy that no machine can reach. */
  readonly vaultBytes: number;
  readonly microPerMonth: MicroDollars;
  readonly countedAt: number;
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

/** In milliseconds. */
export interface Times {
  readonly p50: number;
  /** Null while there are too few for one. */
  readonly p95: number | null;
  readonly slowest: number;
  readonly samples: number;
}

export interface Quote {
  /** From asking until somebody can work, as earlier wakes took; `own`: of this workspace alone. Null before the first. */
  readonly usable: (Times & { readonly own: boolean }) | null;
  readonly dollarsPerHour: { readonly low: number; readonly high: number };
  readonly capMicro: MicroDollars;
  readonly restoreBytes: number;
  /** What the dearest of the first round's hosts asks for receiving it. */
  readonly restoreDollars: number;
  /** What storage asks for it. */
  readonly restore: RestorePrice;
  readonly firstRound: readonly RankedOffer[];
}

export type RestorePlanChoice =
  | ({ readonly onto: 'new' } & WakeChoice)
  | ({ readonly onto: 'running' } & Omit<BringBackChoice, 'overwrite'>);

export interface RestorePlan {
  /** Of what was asked for. */
  readonly files: number;
  readonly bytes: number;
  /** What it meets on the machine; null of a new one. */
  readonly onMachine: {
    /** There already, as the snapshot has them. */
    readonly same: number;
    /** Another file is in its place, and so many bytes: it is overwritten or, in another directory, left with the copy beside it. */
    readonly inTheWay: number;
    readonly inTheWayBytes: number;
    /** 1: all of it is staged beside what is there first. More: for want of room in so many parts, each staged by itself. */
    readonly rounds: number;
  } | null;
  /** What a wake from it leaves behind; null when it is the newest good one, or the same. */
  readonly setsAside: SetAside | null;
  /** What storage asks for it. */
  readonly price: RestorePrice;
  /** What the machine would cost; null where there is one. */
  readonly quote: Quote | null;
}

/** The newest good one, which holds what an older one that is woken from does not. */
export interface SetAside {
  readonly newest: Snapshot;
  /** When it goes by itself; null: it is pinned. */
  readonly until: number | null;
}

export interface PlanQuotes {
  readonly prices: PricesSaid;
  /** Of all that is stored, or of so much as was asked for. */
  readonly restore: RestorePrice;
  /** How automatic snapshots get fewer with age, whatever the plan. */
  readonly ladder: readonly Rung[];
  readonly plans: readonly PlanQuote[];
}

export interface PlanQuote {
  readonly name: PlanName;
  readonly plan: Plan;
  /** What the price is for. */
  readonly day: Day;
  /** What a month of it is charged by the price book. */
  readonly charge: { readonly book: PriceBookName; readonly storageMicro: MicroDollars };
  readonly intervals: readonly { readonly intervalMs: number; readonly price: Price }[];
}

export interface BudgetView {
  readonly budget: Budget;
  readonly spentMicro: MicroDollars;
  /** When the next day or month begins. */
  readonly until: number;
}

export interface DrillView {
  /** Of those that brought all of a snapshot, and went well; null before the first. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly samples: number;
  readonly last: Drill | null;
  /** The newest first. */
  readonly all: readonly Drill[];
}

export interface RankedOffer {
  readonly offer: Offer;
  readonly rank: number;
  readonly why: string;
}

/** What one marketplace said, and when. */
export interface OfferSource {
  readonly marketplace: string;
  readonly at: number;
  readonly offers: number;
  /** Why nothing came from it. */
  readonly failed: string | null;
}

export interface OffersView {
  readonly ranked: readonly RankedOffer[];
  readonly sources: readonly OfferSource[];
}

export interface HostsView {
  /** Of all hosts together. */
  readonly stages: HostMemory['stages'];
  /** The one that was last started on comes first. */
  readonly hosts: readonly HostMemory[];
}

export interface HostMemory {
  readonly marketplace: string;
  readonly host: string;
  readonly physical: string;
  readonly starts: number;
  readonly failures: number;
  /** Of what went well. */
  readonly stages: Readonly<Partial<Record<State, Times>>>;
  /** How fast storage came to it, the middle of what was measured. */
  readonly mbps: number | null;
  /** Why a race would rather take another one; null while it would not. */
  readonly passedOver: string | null;
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
