import * as z from 'zod';
import { AtRisk, BadLine, Repository, Sha256 } from './agent-shapes.ts';
import { AgentAnswer, AgentStatus, Taken } from './heartbeat.ts';

/**
 * What the engine and the agent on a machine say to each other. An order is one line of JSON on the agent's standard
 * input, secrets included; each event is one line of JSON on its standard output.
 *
 * Paths are relative to the machine's root, without a leading slash. A byte that is not UTF-8 travels as the lone
 * surrogate U+DC00 + byte, so that any name survives JSON.
 */
export const PROTOCOL = 2;
/** The oldest agent that is still understood. One that speaks less is replaced before anything is asked of it. */
export const PROTOCOL_MIN = 1;

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
  /** Where an image's own start leaves it, to be run again. */
  script: `/${AGENT_HOME}/boot.sh`,
} as const;

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

/** A snapshot, and where its list of files is. */
const StoredSnapshot = z.object({
  id: Sha256,
  contentHash: Sha256,
  manifestUrl: z.string(),
  /** Where the whole manifest is when the snapshot's own holds only what differs from it. */
  baseUrl: z.string().nullable().default(null),
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
  snapshot: StoredSnapshot.nullable(),
  /** What restic would ask storage for one by one before it begins; it may not be there, or be older than the snapshot. */
  headStartUrl: z.string().nullish(),
  repository: Repository,
  /** Take from the wake image what it has. */
  image: z.boolean().optional(),
});

/** Put files of a snapshot back while people work. Given again it goes on. */
const BringBackOrder = z.object({
  ...base,
  verb: z.literal('bring-back'),
  snapshot: StoredSnapshot,
  /** A file or directory of it; null: everything. */
  path: z.string().nullable(),
  /** The directory to put it in; null: where it was. */
  into: z.string().nullable(),
  /** A checkpoint that was just taken: what is in there as it is now may be replaced. */
  safe: StoredSnapshot.nullable(),
  repository: Repository,
});

/** What that would do now. Looks, and changes nothing; a verb of its own, so that no older agent takes it for the other. */
const WeighOrder = z.object({
  ...base,
  verb: z.literal('weigh'),
  snapshot: StoredSnapshot,
  path: z.string().nullable(),
  into: z.string().nullable(),
});

/** Back up now. `last` stops everything of the user's that could write, and keeps it stopped until the verdict. */
const SaveOrder = z.object({
  ...base,
  verb: z.literal('save'),
  mode: z.enum(['last', 'live']),
  epoch: z.number().int(),
  /**
   * Counts the orders to a workspace's machines and the tickets they hold. One older than a backup that was believed is
   * refused, since nothing may move after that; one older than a ticket that was used is outdated, and is asked for again:
   * what is newer must have the higher number.
   */
  sequence: z.number().int(),
  repository: Repository,
  parent: Sha256.nullable(),
  /** Read every byte again, whatever is known of earlier ones. */
  full: z.boolean().optional(),
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
  /** How long a wake image may keep a machine that is saved and proved. */
  imageMs: z.number().optional(),
});

/**
 * Live on the machine: back up, measure, and say so every few seconds. Given again it hands the order to the agent that
 * lives there already. It returns when that one has it, or stays as its voice when there is no other way to be heard.
 */
const RunOrder = z.object({
  ...base,
  verb: z.literal('run'),
  epoch: z.number().int(),
  heartbeat: z.object({
    /** Where to say it; null: over these streams. */
    url: z.string().nullable(),
    /** Opens that one route for this machine, and nothing else. */
    token: z.string(),
  }),
  answer: AgentAnswer,
});

/** What would be lost if the machine ended now. Looks, and changes nothing. */
const AtRiskOrder = z.object({
  ...base,
  verb: z.literal('at-risk'),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  fileBytesMax: z.number(),
});

export const AgentOrder = z.discriminatedUnion('verb', [
  ReadyOrder,
  RestoreOrder,
  BringBackOrder,
  WeighOrder,
  SaveOrder,
  RunOrder,
  AtRiskOrder,
]);
export type AgentOrder = z.infer<typeof AgentOrder>;
export type RunOrder = z.infer<typeof RunOrder>;
export type AtRiskOrder = z.infer<typeof AtRiskOrder>;
export type ReadyOrder = z.infer<typeof ReadyOrder>;
export type BringBackOrder = z.infer<typeof BringBackOrder>;
export type WeighOrder = z.infer<typeof WeighOrder>;
export type RestoreOrder = z.infer<typeof RestoreOrder>;
export type SaveOrder = z.infer<typeof SaveOrder>;

/** Said to a running `save`: which files to hash, then what to do with the processes it stopped. */
export const SaveReply = z.discriminatedUnion('say', [
  z.object({ say: z.literal('challenge'), paths: z.array(z.string()) }),
  /** `keep-stopped`: the work is proved and the machine ends. `continue`: people work on. */
  z.object({ say: z.literal('verdict'), processes: z.enum(['keep-stopped', 'continue']) }),
]);
export type SaveReply = z.infer<typeof SaveReply>;

/** The answer to a status that came over the streams. */
export const RunReply = z.object({ say: z.literal('answer'), answer: AgentAnswer });
export type RunReply = z.infer<typeof RunReply>;

const progress = { bytesDone: z.number(), bytesTotal: z.number(), filesDone: z.number(), filesTotal: z.number() };

/** Of our failures, those that an agent can meet. */
export const AgentFailureCode = z.enum([
  'backup_failed',
  'restore_failed',
  'restore_differs',
  'wrong_password',
  'no_repository',
  'repository_locked',
  'order_outdated',
  'storage_down',
  'storage_refused',
  'machine_disk_full',
  'bad_request',
  'bad_path',
]);

/** What a fast wake can start from; `bytesSent` of them are new. Null: none was written. */
export const ImageWritten = z.object({
  event: z.literal('image_written'),
  image: z.object({ whole: z.boolean(), files: z.number(), bytes: z.number(), bytesSent: z.number() }).nullable(),
  why: z.string().nullable(),
});
export type ImageWritten = z.infer<typeof ImageWritten>;

export const AgentEvent = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('ready'),
    checks: z.array(
      z.object({
        name: z.enum(['gpu', 'disk', 'clock', 'storage']),
        ok: z.boolean(),
        say: z.string(),
        mbps: z.number().optional(),
      }),
    ),
  }),
  z.object({ event: z.literal('progress'), ...progress }),
  /** Critical files are there and their hashes were compared. */
  z.object({ event: z.literal('usable'), files: z.number(), bytes: z.number() }),
  /** A file that was changed since the restore began; the snapshot's copy lies beside it. */
  z.object({ event: z.literal('kept_both'), path: z.string(), beside: z.string() }),
  /** What the wake image brought of a snapshot, and why it did not bring the rest; null where it had all of it. */
  z.object({ event: z.literal('image_read'), files: z.number(), bytes: z.number(), why: z.string().nullable() }),
  /** Everything is there; the hash is over what lies on the disk now. */
  z.object({ event: z.literal('complete'), files: z.number(), bytes: z.number(), contentHash: Sha256.nullable() }),
  /** They are back; so many lie beside something that stood in their way. In more than one round, for want of room. */
  z.object({
    event: z.literal('brought_back'),
    files: z.number(),
    bytes: z.number(),
    beside: z.number(),
    rounds: z.number(),
  }),
  /** What bringing them back would do. */
  z.object({
    event: z.literal('weighed'),
    files: z.number(),
    bytes: z.number(),
    /** There as the snapshot has them, by size and time: they are left alone. */
    same: z.number(),
    /** In the way, and so many bytes: overwritten, or left with the snapshot's copy beside them. */
    inTheWay: z.number(),
    inTheWayBytes: z.number(),
    rounds: z.number(),
  }),
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
  ImageWritten,
  /** After `keep-stopped`: nothing moved until now, everything stands still, and nobody but us came in. */
  z.object({ event: z.literal('kept_stopped') }),
  /** The agent that lives on the machine has the order. */
  z.object({
    event: z.literal('living'),
    pid: z.number().int(),
    program: Sha256.nullable(),
    startedAt: z.number(),
    /** It was there before this order came. */
    already: z.boolean(),
  }),
  /** Its voice, when it cannot be heard in another way. */
  z.object({ event: z.literal('status'), status: AgentStatus }),
  z.object({
    event: z.literal('at_risk'),
    /** Not in any backup, and not to be remade. They hold the machine. */
    files: z.array(AtRisk),
    /** Left out by a rule, so that nobody expects them back: the largest first. */
    excluded: z.array(z.object({ path: z.string(), sizeBytes: z.number(), rule: z.string() })),
    /** Repositories with work that exists nowhere else. It is in the backups, unless `saved` is false. */
    repositories: z.array(
      z.object({
        path: z.string(),
        unpushedCommits: z.number().int(),
        changedFiles: z.number().int(),
        stashes: z.number().int(),
        saved: z.boolean(),
      }),
    ),
    /** Changed since the last backup that is in storage. */
    pending: z.object({ files: z.number().int(), bytes: z.number(), newest: z.array(z.string()) }),
    durableAt: z.number().nullable(),
    badLines: z.array(BadLine).optional(),
  }),
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
  /** When anything of it last changed on the machine it was saved from, owner and links too. No part of its identity. */
  ctimeMs: z.number().int().optional(),
  /** Of a file outside of the backed-up directories: what the image had in its place. No part of its identity. */
  over: Sha256.optional(),
  /** Of a large file: when a program was last seen to have it open. No part of its identity. */
  usedMs: z.number().optional(),
});
export type ManifestLine = z.infer<typeof ManifestLine>;

/**
 * What may stand in the first line of a manifest.
 *
 * `base`: it holds only what differs from that snapshot's manifest, which is always whole. What follows are the things that
 * are new or not as they were there, and those that are gone.
 * `backup`: what the agent says of a backup that it made by itself, so that one which nobody was told of is not lost with
 * its machine.
 */
export const ManifestHead = z.strictObject({
  base: Sha256.optional(),
  baseContentHash: Sha256.optional(),
  backup: Taken.omit({ manifestSha256: true, manifestBase: true }).optional(),
});
export type ManifestHead = z.infer<typeof ManifestHead>;

/** Was in the base, and is not in this snapshot. */
export const ManifestGone = z.object({ path: z.string(), gone: z.literal(true) });
export type ManifestGone = z.infer<typeof ManifestGone>;
