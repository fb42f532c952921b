import { z } from 'zod';

/**
 * What the engine and the agent on a machine say to each other. An order is one line of JSON on the agent's standard
 * input, secrets included; each event is one line of JSON on its standard output.
 *
 * Paths are relative to the machine's root, without a leading slash. A byte that is not UTF-8 travels as the lone
 * surrogate U+DC00 + byte, so that any name survives JSON.
 */
export const PROTOCOL = 1;

/** Where everything of ours lives on a machine. */
export const AGENT_HOME = 'opt/dumont';
export const AGENT = {
  node: `/${AGENT_HOME}/node`,
  program: `/${AGENT_HOME}/agent.mjs`,
  restic: `/${AGENT_HOME}/restic`,
} as const;

/** What the boot script reads, and what it leaves behind. The first holds URLs that open storage: for root's eyes only. */
export const BOOT = {
  config: `/${AGENT_HOME}/boot.json`,
  done: `/${AGENT_HOME}/boot.done`,
  failed: `/${AGENT_HOME}/boot.failed`,
} as const;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Repository = z.object({
  /** `s3:http://host:port/bucket/prefix` */
  url: z.string(),
  region: z.string(),
  password: z.string(),
  credentials: z.object({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiresAt: z.number(),
  }),
  connections: z.number().int(),
});
export type RepositoryAccess = z.infer<typeof Repository>;

const base = { protocol: z.number().int(), workspace: z.string(), machine: z.string() };

/** Which GPU, disk, clock and storage this machine really has. */
const ReadyOrder = z.object({
  ...base,
  verb: z.literal('ready'),
  /** The engine's clock. */
  now: z.number(),
  gpuCount: z.number().int(),
  /** An object to fetch, and how fast it must come. */
  probe: z.object({ url: z.string(), mbpsMin: z.number() }).nullable(),
  clockSkewMs: z.number(),
});

/**
 * Bring the files of a snapshot. Given again with the same job it follows the one that runs, or repeats its end; one that
 * failed or was killed goes on where it was.
 */
const RestoreOrder = z.object({
  ...base,
  verb: z.literal('restore'),
  job: z.string(),
  epoch: z.number().int(),
  /** Null: a new workspace; only its directories are made. */
  snapshot: z.object({ id: Sha256, contentHash: Sha256, manifestUrl: z.string() }).nullable(),
  repository: Repository,
});

/** Back up now. `last` stops everything of the user's that could write, and keeps it stopped until the verdict. */
const SaveOrder = z.object({
  ...base,
  verb: z.literal('save'),
  mode: z.enum(['last', 'live']),
  epoch: z.number().int(),
  /** Counts the orders to a workspace's machines. One older than a backup that was believed is refused: nothing may move after that. */
  sequence: z.number().int(),
  repository: Repository,
  parent: Sha256.nullable(),
  /** The engine's clock; becomes the snapshot's time. */
  time: z.number(),
  tags: z.array(z.string()),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  fileBytesMax: z.number(),
  /** How often to start over when something moved meanwhile. */
  rounds: z.number().int(),
  /** Where the manifest goes: the list of files with their hashes. The engine checks its hash before it counts. */
  manifestUrl: z.string(),
});

export const AgentOrder = z.discriminatedUnion('verb', [ReadyOrder, RestoreOrder, SaveOrder]);
export type AgentOrder = z.infer<typeof AgentOrder>;
export type ReadyOrder = z.infer<typeof ReadyOrder>;
export type RestoreOrder = z.infer<typeof RestoreOrder>;
export type SaveOrder = z.infer<typeof SaveOrder>;

/** Said to a running `save`: which files to hash, then what to do with the processes it stopped. */
export const SaveReply = z.discriminatedUnion('say', [
  z.object({ say: z.literal('challenge'), paths: z.array(z.string()) }),
  /** `keep-stopped`: the work is proved and the machine ends. `continue`: people work on. */
  z.object({ say: z.literal('verdict'), processes: z.enum(['keep-stopped', 'continue']) }),
]);
export type SaveReply = z.infer<typeof SaveReply>;

const AtRisk = z.object({
  /**
   * `over-cap` and `unreadable` name files that are not in the snapshot; `git` the objects of a repository that somebody
   * works in, left out by a rule of the workspace's own.
   */
  kind: z.enum(['over-cap', 'unreadable', 'git']),
  path: z.string(),
  sizeBytes: z.number(),
  why: z.string(),
});
export type AtRisk = z.infer<typeof AtRisk>;

const progress = { bytesDone: z.number(), bytesTotal: z.number(), filesDone: z.number(), filesTotal: z.number() };

/** Of our failures, those that an agent can meet. */
export const AgentFailureCode = z.enum([
  'backup_failed',
  'restore_failed',
  'restore_differs',
  'wrong_password',
  'no_repository',
  'repository_locked',
  'storage_down',
  'storage_refused',
  'machine_disk_full',
  'bad_request',
  'bad_path',
]);

export const AgentEvent = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('ready'),
    checks: z.array(z.object({ name: z.enum(['gpu', 'disk', 'clock', 'storage']), ok: z.boolean(), say: z.string() })),
  }),
  z.object({ event: z.literal('progress'), ...progress }),
  /** Critical files are there and their hashes were compared. */
  z.object({ event: z.literal('usable'), files: z.number(), bytes: z.number() }),
  /** A file that was changed since the restore began; the snapshot's copy lies beside it. */
  z.object({ event: z.literal('kept_both'), path: z.string(), beside: z.string() }),
  /** Everything is there; the hash is over what lies on the disk now. */
  z.object({ event: z.literal('complete'), files: z.number(), bytes: z.number(), contentHash: Sha256.nullable() }),
  z.object({ event: z.literal('stopped_processes'), count: z.number() }),
  /** Something moved while it was being backed up; it starts over. */
  z.object({ event: z.literal('moved'), round: z.number(), paths: z.array(z.string()) }),
  z.object({
    event: z.literal('saved'),
    /** Null: this machine never held the workspace, so there was nothing to save. */
    snapshot: Sha256.nullable(),
    parent: Sha256.nullable(),
    contentHash: Sha256,
    files: z.number(),
    bytes: z.number(),
    /** Some files could not be read, or the restore before it is not complete. */
    partial: z.boolean(),
    atRisk: z.array(AtRisk),
    /** The most recently changed regular files, newest first, for the proof. */
    newest: z.array(z.string()),
    manifestSha256: Sha256,
    /** The claim this machine was given: whose files these are. */
    epoch: z.number().int(),
  }),
  /** After `keep-stopped`: nothing moved until now, everything stands still, and nobody but us came in. */
  z.object({ event: z.literal('kept_stopped') }),
  z.object({ event: z.literal('digests'), sha256: z.record(z.string(), Sha256.nullable()) }),
  z.object({
    event: z.literal('failed'),
    code: AgentFailureCode,
    why: z.string(),
  }),
]);
export type AgentEvent = z.infer<typeof AgentEvent>;

/**
 * One thing in a snapshot, a line of its manifest (JSON lines, gzipped). A file that was being written while a live snapshot
 * was taken has no hash, since nobody can say what of it was read.
 */
export const ManifestLine = z.object({
  path: z.string(),
  type: z.enum(['file', 'dir', 'link', 'other']),
  mode: z.number().int(),
  mtimeMs: z.number(),
  sizeBytes: z.number(),
  sha256: Sha256.optional(),
  target: z.string().optional(),
});
export type ManifestLine = z.infer<typeof ManifestLine>;
