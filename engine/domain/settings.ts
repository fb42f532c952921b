import { microDollars } from './money.ts';
import type { KindDays, Plan, PlanName, PriceBookName, Rung } from './plan.ts';
import type { RacePlan } from './race.ts';
import { STORAGE_PRICES, type StoragePrices } from './storage-prices.ts';
import type { IdleRules } from './workspace.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GB = 1_000_000_000;

/** Every limit the engine keeps to, by name. `config.ts` lets the environment change them. */
export interface Settings {
  /** Part of every label, so that two installations on one account never touch each other's machines. */
  readonly installation: string;
  readonly race: RacePlan;
  readonly watch: WatchLimits;
  readonly release: ReleaseLimits;
  readonly lease: { readonly ms: number; readonly renewMs: number };
  readonly save: SaveLimits;
  readonly ready: ReadyLimits;
  readonly agent: AgentLimits;
  readonly idle: IdleRules;
  readonly standby: StandbyLimits;
  /** What is held for a fast return is let go after so long: a paused machine costs, and its work is in storage. */
  readonly reserveMs: number;
  /** What a new workspace is on. */
  readonly plan: PlanName;
  readonly plans: Readonly<Record<PlanName, Plan>>;
  readonly retention: RetentionLimits;
  readonly upkeep: UpkeepLimits;
  /** What estimates are made with. */
  readonly prices: StoragePrices;
  /** What storage costs: where machines write, with its vault, and at the other service. */
  readonly storagePrices: Readonly<Record<'here' | 'elsewhere', StoragePrices>>;
  readonly priceBook: PriceBookName;
  readonly money: MoneyLimits;
  /** Delays before a failed step is driven again; the last one repeats for as long as the machine bills us. */
  readonly retryMs: readonly number[];
  /** A lost machine is replaced by itself this often an hour while its workspace is wanted awake. */
  readonly rewakesPerHour: number;
  /** What a schedule asked for while the engine stood still is made up for within this. */
  readonly scheduleLateMs: number;
  /** Rows of what is over are kept this long; the journals keep what they cost for ever. */
  readonly settledKeptMs: number;
}

export interface WatchLimits {
  /** Between two looks at the marketplace's list while a machine boots. */
  readonly bootPollMs: number;
  /** Between two looks at a running machine. */
  readonly lookMs: number;
  /** A machine that fails this many looks in a row is stranded. */
  readonly missesMax: number;
  /** The whole marketplace list is compared with the records this often. */
  readonly sweepMs: number;
  /** A machine whose rental ends is saved and let go this long before. */
  readonly endingMs: number;
}

export interface ReleaseLimits {
  /** Two lists prove that a machine is gone only when they are this far apart. */
  readonly proofGapMs: number;
  /** Between attempts to destroy; the last one repeats, for days. */
  readonly retryMs: readonly number[];
  /** People are told what it costs when it takes longer than this. */
  readonly tellAfterMs: number;
}

export interface SaveLimits {
  /** Larger files are not backed up (a workspace may choose its own cap). */
  readonly fileBytesMax: number;
  readonly connections: number;
  /** How often the last backup starts over because something moved before it gives up and lets people work on. */
  readonly rounds: number;
  /** Files that the control host reads back and compares before a machine may be destroyed. */
  readonly newestCompared: number;
  readonly randomCompared: number;
  /** So many bytes of them together. Beside it a last save reads the newest file, and the newest of those that are larger. */
  readonly comparedBytesMax: number;
  readonly timeoutMs: number;
  readonly retryMs: readonly number[];
  /** Credentials outlive the longest save or restore. */
  readonly credentialsMs: number;
  /** How long writing the wake image may keep a machine that is saved and proved. */
  readonly imageMs: number;
}

export interface AgentLimits {
  /** Between two heartbeats. */
  readonly heartbeatMs: number;
  /** Without one for this long, nothing is known of the machine. */
  readonly silentMs: number;
  /** From one backup to the next, when something changed and the workspace did not choose; null: what its plan says. */
  readonly backupEveryMs: number | null;
  /** A machine holds this many tickets for backups, in case the engine falls silent. */
  readonly tickets: number;
  /** Fresh credentials are sent when the old ones have less than this left. */
  readonly renewMs: number;
  /** Of the automatic snapshots one is read back and compared byte by byte this often. */
  readonly compareEveryMs: number;
  /** When the engine stays silent for so long and nobody is at work, the machine saves, proves and ends itself. */
  readonly watchdogMs: number;
  /** A command after wake that takes longer is named. */
  readonly afterWakeMs: number;
  /** The longest that a person can keep a machine awake at once. */
  readonly keepMsMax: number;
}

export interface StandbyLimits {
  /** Without a machine for this long, a workspace that is wanted awake goes on at its standby. */
  readonly afterMs: number;
  /** And one whose machine is silent after this long. */
  readonly silentMs: number;
  /** At its standby, a GPU is looked for so often. */
  readonly lookMs: number;
  /** A machine with a GPU waits this long at most for the standby to be saved. */
  readonly yieldMs: number;
  /** Machines started at once, and how often. */
  readonly batch: number;
  readonly rounds: number;
}

export interface RetentionLimits {
  readonly days: KindDays;
  /** Of automatic snapshots, one in every so long is kept up to this age; the newest of each. Each step holds whole ones of the next. */
  readonly ladder: readonly Rung[];
}

export interface UpkeepLimits {
  /** From one look after the backups of a workspace at work to the next. */
  readonly everyMs: number;
  /** Also where nothing is new. */
  readonly dailyMs: number;
  /** What could not be done is tried again no sooner. */
  readonly retryMs: number;
  /** Data is taken out when so many snapshots were removed. */
  readonly compactAfter: number;
  /** And joined, while it sleeps, after so many backups. */
  readonly joinAfter: number;
  /** From one copy into the vault to the next while a workspace is at work; one that fell asleep is copied at once. */
  readonly vaultEveryMs: number;
  /** A copy that does not answer is tried at least so often. */
  readonly missedMs: number;
  /** A part of all bytes is read so often, and this much. */
  readonly checkEveryMs: number;
  readonly checkPart: string;
  /** A snapshot is really restored so often: all of it, or of a larger one so much, in so many files, the next part each time. */
  readonly drillEveryMs: number;
  readonly drillBytesMax: number;
  readonly drillFilesMax: number;
  /** People are told of a backup that is so late, and of a repository that something holds for so long. */
  readonly lateMs: number;
  readonly stuckMs: number;
  /** And of keys that end so soon. */
  readonly credentialsMs: number;
  /** An older lock in a repository is nobody's any more. */
  readonly lockMs: number;
  /** So many workspaces are looked after at once. */
  readonly atOnce: number;
}

export interface MoneyLimits {
  /** Between two looks at the marketplaces' own bills and at what is left to spend there. */
  readonly readMs: number;
  /** So long after a machine's end what its marketplace billed is what it cost. */
  readonly settleMs: number;
}

export interface ReadyLimits {
  readonly clockSkewMs: number;
  /** Storage must answer at least this fast. */
  readonly storageMbps: number;
}

export const DEFAULTS: Settings = {
  installation: 'local',
  race: {
    batch: 5,
    rounds: 3,
    roundMs: 90 * SECOND,
    hedged: false,
    billedMax: 15,
    capMicro: microDollars(2),
    deadlines: {
      createMs: 10 * SECOND,
      connectMs: 10 * SECOND,
      installMs: 10 * SECOND,
      installMaxMs: 60 * SECOND,
      readyMs: 30 * SECOND,
      usableMs: 120 * SECOND,
    },
    runnerUpMs: 60 * SECOND,
  },
  watch: { bootPollMs: 2 * SECOND, lookMs: 30 * SECOND, missesMax: 3, sweepMs: 5 * MINUTE, endingMs: 30 * MINUTE },
  release: {
    proofGapMs: 60 * SECOND,
    retryMs: [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
    tellAfterMs: 10 * MINUTE,
  },
  lease: { ms: 60 * SECOND, renewMs: 15 * SECOND },
  save: {
    fileBytesMax: 10 * GB,
    connections: 32,
    rounds: 3,
    newestCompared: 10,
    randomCompared: 20,
    comparedBytesMax: GB,
    timeoutMs: 2 * HOUR,
    retryMs: [30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
    credentialsMs: 12 * HOUR,
    imageMs: MINUTE,
  },
  ready: { clockSkewMs: 2 * MINUTE, storageMbps: 50 },
  agent: {
    heartbeatMs: 10 * SECOND,
    silentMs: 45 * SECOND,
    backupEveryMs: null,
    tickets: 4,
    renewMs: 6 * HOUR,
    compareEveryMs: 15 * MINUTE,
    watchdogMs: 30 * MINUTE,
    afterWakeMs: 10 * MINUTE,
    keepMsMax: 6 * DAY,
  },
  idle: {
    hibernate: true,
    idleMs: 3 * MINUTE,
    graceMs: 2 * MINUTE,
    firstMs: 10 * MINUTE,
    gpuBusyPercent: 5,
    gpuMemoryMovedMb: 64,
    cpuBusyPercent: 25,
    diskBusyBytesPerSecond: 1_000_000,
    networkBusyBytesPerSecond: 100_000,
    attachedMs: HOUR,
    unknownMs: 4 * HOUR,
  },
  standby: {
    afterMs: 2 * MINUTE,
    silentMs: MINUTE,
    lookMs: 10 * MINUTE,
    yieldMs: 10 * MINUTE,
    batch: 1,
    rounds: 3,
  },
  reserveMs: 30 * MINUTE,
  plan: 'free',
  plans: {
    free: { intervalMs: 5 * MINUTE, days: 7, storageBytesMax: 20 * GB },
    pro: { intervalMs: 30 * SECOND, days: 30, storageBytesMax: 200 * GB },
    enterprise: { intervalMs: 10 * SECOND, days: 90, storageBytesMax: 1_000 * GB },
  },
  retention: {
    days: { automatic: null, manual: 90, 'pre-failover': 30 },
    ladder: [
      { untilMs: 15 * MINUTE, everyMs: 1 },
      { untilMs: 2 * HOUR, everyMs: 5 * MINUTE },
      { untilMs: DAY, everyMs: HOUR },
      { untilMs: Number.POSITIVE_INFINITY, everyMs: DAY },
    ],
  },
  upkeep: {
    everyMs: 10 * MINUTE,
    dailyMs: DAY,
    retryMs: MINUTE,
    compactAfter: 100,
    joinAfter: 20,
    vaultEveryMs: 6 * HOUR,
    missedMs: HOUR,
    checkEveryMs: DAY,
    checkPart: '1%',
    drillEveryMs: 7 * DAY,
    drillBytesMax: 20 * GB,
    drillFilesMax: 500,
    lateMs: 5 * MINUTE,
    stuckMs: HOUR,
    credentialsMs: HOUR,
    lockMs: 30 * MINUTE,
    atOnce: 2,
  },
  prices: STORAGE_PRICES.r2,
  storagePrices: { here: STORAGE_PRICES.r2, elsewhere: STORAGE_PRICES.r2 },
  priceBook: 'standard',
  money: { readMs: 15 * MINUTE, settleMs: 3 * DAY },
  retryMs: [SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE],
  rewakesPerHour: 2,
  scheduleLateMs: HOUR,
  settledKeptMs: 30 * DAY,
};
