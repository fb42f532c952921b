import * as z from 'zod';
import { AtRisk, BadLine, Repository, Sha256 } from './agent-shapes.ts';
import { LEVELS } from './log.ts';
import type { IdleRules } from './workspace.ts';

/**
 * What the agent that lives on a machine says every few seconds, and what it is answered. The agent measures and reports;
 * the engine decides. It travels by HTTP, through a tunnel in the engine's SSH connection, or over that connection's own
 * streams; the words are the same.
 *
 * Fields that a newer agent adds are ignored, and what an older one does not say yet has a default, so that a machine can be
 * given the new agent in place.
 */

/** The one route that machines know. */
export const HEARTBEAT_PATH = '/api/v1/agent/status';

/** One way in which somebody may be at work. A measured fact, without an opinion. */
const Reading = z.object({
  /** The mean since the last heartbeat, in the unit of its name; null when it could not be measured. */
  value: z.number().nullable(),
  /** When a person or a program did something, where the system itself knows that; the agent's clock. */
  lastAt: z.number().nullable().default(null),
  /** What was looked at, or why it could not be: "2 terminals", "nvidia-smi ended with 9". */
  say: z.string().default(''),
});
export type Reading = z.infer<typeof Reading>;

export const Activity = z.object({
  /** The highest of all GPUs. A machine without any has value null and `absent` true. */
  gpuPercent: Reading.extend({ absent: z.boolean().default(false) }),
  /** How much the memory in use on the GPUs moved. */
  gpuMemoryMovedMb: Reading,
  /** Of one core, so 250 is two cores and a half; our own work is not in it. */
  cpuPercent: Reading,
  diskBytesPerSecond: Reading,
  networkBytesPerSecond: Reading,
  /** Terminals that are open; `lastAt` is the last key. Output is none: some programs print all night. */
  terminals: Reading,
  /** Connections of editors that are open; `lastAt` is the last traffic. */
  editors: Reading,
  /** Busy kernels; `lastAt` is what Jupyter calls its last activity. */
  jupyterKernelsBusy: Reading,
});
export type Activity = z.infer<typeof Activity>;

/** A snapshot that is in storage and that the engine has not entered into the catalogue yet. */
export const Taken = z.object({
  snapshot: Sha256,
  parent: Sha256.nullable(),
  sequence: z.number().int(),
  draft: z.string(),
  epoch: z.number().int(),
  /** When the first file was looked at, by the engine's clock as the agent knows it. */
  time: z.number(),
  endedAt: z.number(),
  contentHash: Sha256,
  manifestSha256: Sha256,
  /** The snapshot whose whole manifest this one's is a change of; null when it is whole. */
  manifestBase: Sha256.nullable(),
  files: z.number().int(),
  bytes: z.number(),
  partial: z.boolean(),
  atRisk: z.array(AtRisk),
});
export type Taken = z.infer<typeof Taken>;

/** A program that somebody started by us. It outlives every connection. */
const Job = z.object({
  id: z.string(),
  state: z.enum(['running', 'ended']),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  /** As a shell counts: 128 + the signal that ended it. 127 when it could not be started. */
  code: z.number().int().nullable(),
  /** The end of what it printed. */
  tail: z.string(),
  /** Where everything it printed lies. */
  output: z.string(),
});
export type JobStatus = z.infer<typeof Job>;

/** Of the agent's own log. Nobody builds on it: it is what a machine says. */
const Line = z.object({
  /** Counted from its start. */
  number: z.number().int(),
  /** The agent's clock. */
  at: z.number(),
  level: z.enum(LEVELS),
  event: z.string(),
  facts: z.record(z.string(), z.unknown()),
});
export type AgentLine = z.infer<typeof Line>;

export const AgentStatus = z.object({
  protocol: z.number().int(),
  machine: z.string(),
  workspace: z.string(),
  epoch: z.number().int(),
  /** SHA-256 of the program that runs; the engine brings a newer one. */
  program: Sha256.nullable(),
  startedAt: z.number(),
  /** The agent's clock. */
  at: z.number(),
  activity: Activity,
  /** What its network cards have counted since it began; null where they do not tell. */
  network: z.object({ receivedBytes: z.number(), sentBytes: z.number() }).nullable().optional(),
  backup: z.object({
    state: z.enum(['off', 'waiting', 'running', 'failing']),
    /** From the start of one backup to the start of the next: the plan's, or longer when a run takes longer. */
    everyMs: z.number(),
    /** Everything up to this moment is in storage; null before the first backup of this machine. */
    durableAt: z.number().nullable(),
    /** Something moved since then, first seen at this moment; null when nothing is known to have. */
    changedAt: z.number().nullable(),
    filesPending: z.number().int(),
    lastMs: z.number().nullable(),
    failures: z.number().int(),
    failedWhy: z.string().nullable(),
    /** When the last of these failures was; the agent's clock. */
    failedAt: z.number().nullable().optional(),
    /** How changes are noticed: inotify, or walks alone where that is not to be had. */
    watching: z.enum(['inotify', 'walks']),
    /** As the last backup met them. */
    badLines: z.array(BadLine).optional(),
  }),
  taken: z.array(Taken),
  jobs: z.array(Job),
  atRisk: z.object({ files: z.number().int(), bytes: z.number() }),
  /** Tickets left for backups. */
  tickets: z.number().int(),
  /** When the credentials it holds end; null when it has none. */
  credentialsUntil: z.number().nullable(),
  /** What it noted since; a line that is none is no reason not to hear the rest. */
  lines: z.array(Line).catch([]).optional(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** Leave to make one backup: its place in the catalogue and where its manifest goes. One older than a save is not used. */
const Ticket = z.object({
  sequence: z.number().int(),
  draft: z.string(),
  manifestUrl: z.string(),
  until: z.number(),
});
export type Ticket = z.infer<typeof Ticket>;

const JobOrder = z.object({
  id: z.string(),
  /** Run as it is, without a shell, in /workspace. */
  argv: z.array(z.string()).min(1),
});
export type JobOrder = z.infer<typeof JobOrder>;

/** One request that ends this machine, with a key that can do nothing else. */
const EndCall = z.object({
  method: z.enum(['DELETE', 'POST', 'PUT']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
});
export type EndCall = z.infer<typeof EndCall>;

/**
 * Where no such key can be handed to it: a key that the machine was born with stands for "{key}" in calls that are tried one
 * after the other; or it can switch itself off, and its marketplace stops it.
 */
const EndItself = z.discriminatedUnion('by', [
  z.object({ by: z.literal('own key'), variable: z.string(), calls: z.array(EndCall) }),
  z.object({ by: z.literal('power off') }),
]);
export type EndItself = z.infer<typeof EndItself>;

/** Of a workspace or an installation, as it travels and as it is stored. */
export const IdleShape = z.object({
  hibernate: z.boolean(),
  idleMs: z.number(),
  graceMs: z.number(),
  firstMs: z.number(),
  gpuBusyPercent: z.number(),
  gpuMemoryMovedMb: z.number(),
  cpuBusyPercent: z.number(),
  diskBusyBytesPerSecond: z.number(),
  networkBusyBytesPerSecond: z.number(),
  attachedMs: z.number(),
  unknownMs: z.number(),
}) satisfies z.ZodType<IdleRules>;

export const AgentAnswer = z.object({
  /** The engine's clock. */
  now: z.number(),
  heartbeatMs: z.number(),
  /** Null: no backups for now (an older claim, or a restore that is not complete and never was). */
  plan: z
    .object({
      everyMs: z.number(),
      include: z.array(z.string()),
      exclude: z.array(z.string()),
      fileBytesMax: z.number(),
      /** Keep the wake image up to date meanwhile, so that little of it is left when the machine is to end. */
      image: z.boolean().optional(),
    })
    .nullable(),
  /** Fresh credentials; null when those that it has last long enough. */
  repository: Repository.nullable(),
  tickets: z.array(Ticket),
  /** These are in the catalogue, or never will be: it need not name them again. */
  settled: z.array(Sha256),
  /** Of those, the ones that storage did not hold as they were said to be. Nothing may build on them. */
  refused: z.array(Sha256).optional(),
  /** What to do when the engine stays silent: save, prove, and then end the machine, if nobody is at work. */
  watchdog: z
    .object({
      silentMs: z.number(),
      ticket: Ticket,
      end: EndCall.nullable(),
      itself: EndItself.nullable().default(null),
      proofUrl: z.string(),
    })
    .nullable(),
  /** When nobody is at work here, by the workspace's own rules; null: by those that hold where nobody said otherwise. */
  idle: IdleShape.nullable().default(null),
  /** All that should have been started; those it knows already it leaves alone. */
  jobs: z.array(JobOrder),
  /** Its lines up to this number are kept here; an engine that keeps none says nothing of them. */
  linesHeard: z.number().int().optional(),
  /** Shown once on every terminal. */
  notice: z.object({ id: z.string(), text: z.string() }).nullable(),
  /** A newer program to become: gzip, checked by the hash of what is in it. */
  program: z.object({ sha256: Sha256, url: z.string() }).nullable(),
});
export type AgentAnswer = z.infer<typeof AgentAnswer>;
