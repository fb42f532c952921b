import type { Share } from './account.ts';
import type { Machine, State } from './lifecycle.ts';
import type { Need } from './marketplace.ts';
import type { PlanName } from './plan.ts';
import type { Schedule } from './schedule.ts';
import { newestGood, type Snapshot, type SnapshotType } from './snapshot.ts';

/** What a person owns: it outlives every machine it ever wakes on. Its id is the name people type. */
export interface Workspace {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  /** Whom its owner lets in besides. */
  readonly shares: readonly Share[];
  readonly createdAt: number;
  readonly spec: WorkspaceSpec;
  /** The machine that holds it now. Every claim has its own epoch; the highest one wins for ever. */
  readonly claim: { readonly machine: string; readonly epoch: number; readonly at: number } | null;
  readonly epoch: number;
  /** What was last asked for. People, timers and HTTP calls write this and nudge; the driver of the machine acts. */
  readonly wish: Wish;
  /** Snapshots asked for and not taken yet, oldest first. */
  readonly asks: readonly Ask[];
  /** Files of snapshots that are wanted back on the machine, oldest first. */
  readonly fetches: readonly Fetch[];
  /** Programs that were started by us and whose end nobody was told of yet. */
  readonly jobs: readonly Job[];
  /** Somebody wants it awake until then, idle or not. */
  readonly keep: { readonly until: number; readonly by: string; readonly why: string; readonly at: number } | null;
  /** A machine without a GPU takes over where none with one can be had; what that was agreed to cost at most. Null: none does. */
  readonly standby: { readonly by: string; readonly at: number; readonly dollarsPerMonth: number } | null;
  /** The standby that holds it saves, and makes room for the machine with a GPU that waits for it. */
  readonly yields: { readonly machine: string; readonly to: string | null; readonly at: number } | null;
  /** When it wakes and goes to sleep by itself. */
  readonly schedules: readonly Schedule[];
  /** Orders the catalogue. It belongs to the control host, so a machine's clock cannot reorder history. */
  readonly sequence: number;
  /** Somebody purged it: nothing is asked of it any more, and what is left of it is being removed, its row last. */
  readonly destroying?: { readonly by: string; readonly at: number } | undefined;
  /** The repository's password, wrapped by the installation's master key. */
  readonly sealedPassword: string;
}

export interface WorkspaceSpec {
  readonly image: string;
  readonly need: Need;
  readonly diskGb: number;
  readonly publicKeys: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  /** Backed-up directories besides the defaults, relative to the machine's root. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Larger files are not backed up; they are listed and hold the machine until somebody agrees once. */
  readonly fileBytesMax: number;
  readonly plan: PlanName;
  /** From one backup to the next, when something changed; null: the installation's or the plan's own. */
  readonly backupEveryMs: number | null;
  /** Its snapshots are kept this long, whatever their kind; null: as long as their kind or the plan says. */
  readonly retentionDays: number | null;
  /** Its own rules for falling asleep, on top of the installation's; `hibernate: false` never does by itself. */
  readonly idle: Partial<IdleRules>;
  /** Beside each last backup, what a fast wake can start from. */
  readonly wakeImage: boolean;
  /** A line for bash, run once after each wake when all files are there. */
  readonly afterWake: string | null;
}

/** When a machine counts as idle, and how long that is watched before it is put to sleep. */
export interface IdleRules {
  readonly hibernate: boolean;
  /** Idle for this long. */
  readonly idleMs: number;
  /** People are warned this long before. */
  readonly graceMs: number;
  /** Not in the first minutes after it was woken: somebody is on the way. */
  readonly firstMs: number;
  readonly gpuBusyPercent: number;
  readonly gpuMemoryMovedMb: number;
  /** Of one core. */
  readonly cpuBusyPercent: number;
  readonly diskBusyBytesPerSecond: number;
  readonly networkBusyBytesPerSecond: number;
  /** Somebody is logged in and touches nothing: alive for this long. */
  readonly attachedMs: number;
  /** What cannot be measured counts as alive for this long. */
  readonly unknownMs: number;
}

export interface Wish {
  /** `paused` keeps the machine stopped in place. */
  readonly want: 'awake' | 'asleep' | 'paused';
  readonly by: string;
  readonly at: number;
  readonly why: string;
  /** The operation that follows it, so that a repeated click never starts a second one. */
  readonly operation: string;
  /** Wake from this snapshot instead of the newest. */
  readonly snapshot: string | null;
  /** Narrows what the workspace's own need says, for this wake. */
  readonly need: Need;
  readonly capDollars: number | null;
  /** What a person agreed to lose once of what a backup leaves out (files over the cap, say), by its paths. */
  readonly agreedToLose: readonly string[];
  /** A named person gives up what is on these machines. */
  readonly abandon: {
    readonly by: string;
    readonly why: string;
    readonly at: number;
    readonly machines: readonly string[];
  } | null;
}

export const NO_CHOICE = {
  snapshot: null,
  need: {},
  capDollars: null,
  agreedToLose: [] as readonly string[],
  abandon: null,
} as const;

/** Asleep, and as if nobody had ever worked on it. */
export function newWorkspace(
  own: Pick<Workspace, 'id' | 'owner' | 'spec' | 'sequence' | 'sealedPassword'>,
  { by, at, why, operation }: Pick<Wish, 'by' | 'at' | 'why' | 'operation'>,
): Workspace {
  return {
    ...own,
    version: 0,
    shares: [],
    createdAt: at,
    claim: null,
    epoch: Math.floor(at / 1_000), // above any that this name had before it was destroyed and made anew
    wish: { ...NO_CHOICE, want: 'asleep', by, at, why, operation },
    asks: [],
    fetches: [],
    jobs: [],
    keep: null,
    standby: null,
    yields: null,
    schedules: [],
  };
}

/** The later of two wishes wins, in whatever order they are written. */
export function isLater(wish: Wish, other: Wish): boolean {
  return wish.at === other.at ? wish.operation > other.operation : wish.at > other.at;
}

/** A snapshot that somebody asked for. */
export interface Ask {
  readonly operation: string;
  readonly by: string;
  readonly at: number;
  readonly description: string;
  readonly tags: readonly string[];
  /** Fields of a person's own. */
  readonly extra: Readonly<Record<string, string>>;
  /** A full one reads every byte again. */
  readonly type: SnapshotType;
}

/** Files of a snapshot that somebody wants on the machine as it runs. */
export interface Fetch {
  readonly operation: string;
  readonly by: string;
  readonly at: number;
  readonly snapshot: string;
  /** A file or directory of it, relative to the root; null: everything. */
  readonly path: string | null;
  /** The directory to put it in; null: where it was. */
  readonly into: string | null;
  /** The checkpoint that was taken before, when something may be replaced. */
  readonly checkpoint: string | null;
}

/** A program that is run on the workspace's machine: a checkpoint before, awake meanwhile, asleep after it if so wanted. */
export interface Job {
  readonly operation: string;
  readonly by: string;
  readonly at: number;
  readonly argv: readonly string[];
  readonly thenHibernate: boolean;
  /** The machine it was given to, once its checkpoint was taken. */
  readonly machine: string | null;
}

/** What is told and noted of a program: its name. What comes behind may be a secret, as in `KEY=... python` in one word. */
export function programOf(argv: readonly string[]): string {
  const name = (argv[0] ?? '').trimStart().split(/[\s=]/)[0]?.slice(0, NAME_LETTERS) ?? '';
  return argv.length === 1 && name === argv[0] ? name : `${name} …`;
}

const NAME_LETTERS = 60;

/** What people see of a workspace. Computed, never stored. */
export type Sight = 'asleep' | 'waking' | 'usable' | 'awake' | 'going to sleep' | 'paused' | 'stranded';

export function sightOf(workspace: Workspace, machine: Machine | null): Sight {
  if (!machine) return workspace.wish.want === 'awake' ? 'waking' : 'asleep';
  return SIGHT[machine.state](machine, workspace);
}

const SIGHT: Readonly<Record<State, (machine: Machine, workspace: Workspace) => Sight>> = {
  renting: () => 'waking',
  booting: () => 'waking',
  installing: () => 'waking',
  'standing-by': () => 'waking',
  restoring: () => 'waking',
  running: (machine, workspace) =>
    workspace.wish.want !== 'awake' ? 'going to sleep' : machine.complete ? 'awake' : 'usable',
  saving: (machine, workspace) => (yieldsNow(machine, workspace) ? 'waking' : 'going to sleep'),
  paused: () => 'paused',
  stranded: () => 'stranded',
  lost: () => 'stranded',
  releasing: (_machine, workspace) => (workspace.wish.want === 'awake' ? 'waking' : 'asleep'),
  gone: (_machine, workspace) => (workspace.wish.want === 'awake' ? 'waking' : 'asleep'),
};

/** It is wanted awake still, and goes on elsewhere. */
export function yieldsNow(machine: Pick<Machine, 'id'>, { wish, yields }: Pick<Workspace, 'wish' | 'yields'>): boolean {
  return wish.want === 'awake' && yields?.machine === machine.id;
}

/**
 * The snapshot a wake starts from: the one asked for, or the newest good one; null for a new workspace. A machine may be
 * lost after a wake, and what it saved goes on from the one asked for.
 */
export function wakeFrom({ wish }: Workspace, snapshots: readonly Snapshot[]): Snapshot | null {
  const newest = newestGood(snapshots);
  if (wish.snapshot === null) return newest;
  const asked = snapshots.find(({ id, leaving }) => id === wish.snapshot && leaving === null) ?? null;
  const before = snapshots.filter((one) => one.setAside || one.id === wish.snapshot);
  return asked && newest && before.every(({ epoch }) => newest.epoch > epoch) ? newest : asked;
}

export const WORKSPACE_NAME = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$/;

/** Backed up on every machine, relative to its root. */
export const DEFAULT_ROOTS: readonly string[] = ['root', 'workspace', 'data'];

/** Why a path of the machine is in no backup, as far as the description of its workspace tells; null when it may be. */
export function notBackedUp(path: string, { include }: Pick<WorkspaceSpec, 'include'>): string | null {
  const roots = [...DEFAULT_ROOTS, ...include.map((root) => root.replace(/^\/|\/$/g, ''))];
  const plain = path.replace(/^\/|\/$/g, '');
  if (roots.some((root) => plain === root || plain.startsWith(`${root}/`))) return null;
  return `it lies outside of the directories that are backed up: ${roots.map((root) => `/${root}`).join(', ')}`;
}

/** Where the system of a machine keeps its own state: never backed up. */
export const SYSTEM_FOLDERS: ReadonlySet<string> = new Set(['proc', 'sys', 'dev', 'run']);

/** Why a directory cannot be backed up, whatever is on the machine; null when it can. */
export function includeFault(path: string): string | null {
  const parts = path.replace(/^\/|\/$/g, '').split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'it must name a directory below the root of the machine';
  if (SYSTEM_FOLDERS.has(parts[0] ?? '')) return 'the system keeps its own state there';
  return null;
}
