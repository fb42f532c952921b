import * as z from 'zod';
import { ROLES } from '../domain/account.ts';
import { ALERT_KINDS } from '../domain/alert.ts';
import { BUDGET_SCOPES, BUDGET_SPANS } from '../domain/budget.ts';
import type { FailureCode } from '../domain/failures.ts';
import { IdleShape } from '../domain/heartbeat.ts';
import { STATES } from '../domain/lifecycle.ts';
import { PLANS } from '../domain/plan.ts';
import type { Kind, Rows } from '../domain/ports.ts';
import { REPORT_EVERY } from '../domain/report.ts';
import { CLOCK_TIME, DAYS } from '../domain/schedule.ts';
import { SNAPSHOT_KINDS, SNAPSHOT_STATUSES, SNAPSHOT_TYPES } from '../domain/snapshot.ts';
import type { IdleRules } from '../domain/workspace.ts';
import { ENTRY_SHAPES } from './entry-shapes.ts';

/**
 * What a stored row must look like. Checked when it is read back, since a file can be damaged or edited by hand, and
 * before it is written, so that nothing is stored that the next start would refuse. The types come from the domain: a
 * field that is added there does not compile until it is added here, with a migration for the rows that lack it.
 */

const at = z.number();
const id = z.string().min(1);
const strings = z.record(z.string(), z.string());
const facts = z.record(z.string(), z.unknown());

const Offer = z.object({
  id: z.string(),
  marketplace: z.string(),
  machine: z.string(),
  host: z.string(),
  region: z.string(),
  gpu: z.string(),
  gpuCount: z.number(),
  vramGb: z.number(),
  cpuCount: z.number().nullable(),
  memoryGb: z.number().nullable(),
  diskGb: z.number(),
  dollarsPerHour: z.number(),
  dollarsPerGbDown: z.number(),
  dollarsPerGbUp: z.number(),
  stoppedDollarsPerGbMonth: z.number().optional(),
  reliability: z.number(),
  reports: z.number().optional(),
  downMbps: z.number().nullable(),
  upMbps: z.number().nullable(),
  cuda: z.number().nullable(),
  verified: z.boolean(),
  spot: z.boolean(),
});

const Need = z.object({
  kind: z.literal('cpu').optional(),
  gpu: z.string().optional(),
  gpuCountMin: z.number().optional(),
  vramGbMin: z.number().optional(),
  dollarsPerHourMax: z.number().optional(),
  regions: z.array(z.string()).optional(),
  reliabilityMin: z.number().optional(),
  downMbpsMin: z.number().optional(),
  diskGbMin: z.number().optional(),
  cudaMin: z.number().optional(),
  verified: z.boolean().optional(),
  spot: z.boolean().optional(),
});

const decision = { by: z.string(), why: z.string(), at };

const wish = z.object({
  want: z.enum(['awake', 'asleep', 'paused']),
  by: z.string(),
  at,
  why: z.string(),
  operation: z.string(),
  snapshot: z.string().nullable(),
  need: Need,
  capDollars: z.number().nullable(),
  agreedToLose: z.array(z.string()),
  abandon: z.object({ ...decision, machines: z.array(z.string()) }).nullable(),
});

const ask = z.object({
  operation: z.string(),
  by: z.string(),
  at,
  description: z.string(),
  tags: z.array(z.string()),
  extra: strings,
  type: z.enum(SNAPSHOT_TYPES),
});

const job = z.object({
  operation: z.string(),
  by: z.string(),
  at,
  argv: z.array(z.string()),
  thenHibernate: z.boolean(),
  machine: z.string().nullable(),
});

const schedule = z.object({
  id,
  want: z.enum(['awake', 'asleep']),
  days: z.array(z.enum(DAYS)),
  time: z.string().regex(CLOCK_TIME),
  zone: z.string(),
  by: z.string(),
  doneAt: at,
});

const fetch = z.object({
  operation: z.string(),
  by: z.string(),
  at,
  snapshot: z.string(),
  path: z.string().nullable(),
  into: z.string().nullable(),
  checkpoint: z.string().nullable(),
});

const clone = z.object({ snapshot: z.string(), into: z.string() });
const give = clone.extend({ to: z.string(), sealedPassword: z.string() });

const idle = IdleShape.partial() as z.ZodType<Partial<IdleRules>>; // zod's optional lets `undefined` in, which JSON never holds

const workspace = z.object({
  id,
  version: z.number().int(),
  owner: z.string(),
  shares: z.array(z.object({ with: z.string(), role: z.enum(['viewer', 'operator']), by: z.string(), at })),
  createdAt: at,
  spec: z.object({
    image: z.string(),
    need: Need,
    diskGb: z.number(),
    publicKeys: z.array(z.string()),
    environment: strings,
    ports: z.array(z.number()),
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    fileBytesMax: z.number(),
    plan: z.enum(PLANS),
    backupEveryMs: z.number().nullable(),
    retentionDays: z.number().nullable(),
    idle,
    wakeImage: z.boolean(),
    afterWake: z.string().nullable(),
  }),
  claim: z.object({ machine: z.string(), epoch: z.number().int(), at }).nullable(),
  epoch: z.number().int(),
  wish,
  asks: z.array(ask),
  fetches: z.array(fetch),
  jobs: z.array(job),
  keep: z.object({ until: z.number(), ...decision }).nullable(),
  standby: z.object({ by: z.string(), at, dollarsPerMonth: z.number() }).nullable(),
  yields: z.object({ machine: z.string(), to: z.string().nullable(), at }).nullable(),
  schedules: z.array(schedule),
  sequence: z.number().int(),
  destroying: z.object({ by: z.string(), at }).optional(),
  sealedPassword: z.string(),
});

const machine = z.object({
  id,
  version: z.number().int(),
  workspace: z.string(),
  race: z.string().nullable(),
  label: z.string(),
  marketplace: z.string(),
  offer: Offer,
  state: z.enum(STATES),
  why: z.string(),
  since: at,
  entered: z.partialRecord(z.enum(STATES), at),
  departedAt: at.nullable(),
  billedUntil: at.nullable(),
  instance: z.string().nullable(),
  refused: z.string().optional(),
  stillDollarsPerHour: z.number().optional(),
  mbps: z.number().optional(),
  address: z.object({ host: z.string(), port: z.number().int() }).nullable(),
  hostKey: z.string().nullable(),
  epoch: z.number().int().nullable(),
  restored: z.string().nullable(),
  complete: z.boolean(),
  sealed: z.object({ snapshot: z.string().nullable(), at }).nullable(),
  stirredAt: at.nullable(),
  revived: z.object({ at, times: z.number().int(), started: z.boolean() }).optional(),
  held: z.object({ why: z.string(), at }).nullable(),
  warned: z.object({ at, actsAt: z.number(), why: z.string() }).nullable(),
  restAfter: z.object({ at, why: z.string() }).nullable(),
  afterWake: z.enum(['slow', 'failed', 'done']).nullable(),
  abandoned: z.object(decision).nullable(),
  saveFailures: z.number().int(),
  saveAgainAt: at.nullable(),
});

const race = z.object({
  id,
  version: z.number().int(),
  workspace: z.string(),
  operation: z.string(),
  startedAt: at,
  endedAt: at.nullable(),
  plan: z.object({
    batch: z.number(),
    rounds: z.number(),
    roundMs: z.number(),
    hedged: z.boolean().default(false),
    billedMax: z.number(),
    capMicro: z.number(),
    deadlines: z.object({
      createMs: z.number(),
      connectMs: z.number(),
      installMs: z.number(),
      installMaxMs: z.number().default(60_000),
      readyMs: z.number().default(30_000),
      usableMs: z.number(),
    }),
    runnerUpMs: z.number(),
  }),
  need: Need,
  racers: z.array(
    z.object({
      machine: z.string(),
      label: z.string(),
      offer: Offer,
      round: z.number(),
      at,
      patienceMs: z.number().optional(),
      pullGb: z.number().optional(),
    }),
  ),
  marketDollarsPerHour: z.number().nullable(),
  claimed: z.string().nullable(),
  verdicts: z.record(z.string(), z.object({ why: z.string(), slow: z.boolean() })),
  outcome: z
    .object({
      winner: z.string().nullable(),
      why: z.string(),
      wasteMicro: z.number(),
      counted: z.boolean().default(false),
    })
    .nullable(),
});

const snapshot = z.object({
  id,
  version: z.number().int(),
  workspace: z.string(),
  kind: z.enum(SNAPSHOT_KINDS),
  type: z.enum(SNAPSHOT_TYPES),
  status: z.enum(SNAPSHOT_STATUSES),
  createdAt: at,
  completedAt: at.nullable(),
  machine: z.string(),
  epoch: z.number().int(),
  sequence: z.number().int(),
  parent: z.string().nullable(),
  sizeBytes: z.number(),
  fileCount: z.number(),
  contentHash: z.string(),
  partial: z.boolean(),
  provedAt: at.nullable(),
  comparedAt: at.nullable(),
  manifestBase: z.string().nullable(),
  pinned: z.object(decision).nullable(),
  setAside: z.object(decision).nullable(),
  leaving: z.object(decision).nullable(),
  vaultedAt: at.nullable(),
  description: z.string(),
  tags: z.array(z.string()),
  extra: strings,
  errorMessage: z.string().nullable(),
});

const operation = z.object({
  id,
  version: z.number().int(),
  key: z.string().nullable(),
  verb: z.string(),
  workspace: z.string(),
  by: z.string(),
  at,
  intent: z
    .union([
      z.object({ wish }),
      z.object({ ask }),
      z.object({ job }),
      z.object({ fetch }),
      z.object({ clone }),
      z.object({ give }),
      z.object({ drill: z.object({ snapshot: z.string() }) }),
      z.object({ rekey: z.object({ sealedPassword: z.string() }) }),
    ])
    .nullable(),
  tries: z.number().int().optional(),
  endedAt: at.nullable(),
  outcome: z
    .discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), say: z.string(), facts }),
      // Any word will do: codes come and go with versions, and what was said then stays said.
      z.object({ ok: z.literal(false), code: z.string() as unknown as z.ZodType<FailureCode>, say: z.string(), facts }),
    ])
    .nullable(),
});

const role = z.enum(ROLES);

const account = z.object({
  id,
  version: z.number().int(),
  role,
  password: z.string(),
  createdAt: at,
  createdBy: z.string(),
  endedAt: at.nullable(),
  wordsSince: at,
  discord: z.string().nullable(),
});

const session = z.object({
  id,
  version: z.number().int(),
  account: z.string(),
  secret: z.string(),
  createdAt: at,
  usedAt: at,
  expiresAt: at,
});

const token = z.object({
  id,
  version: z.number().int(),
  account: z.string(),
  name: z.string(),
  role,
  workspaces: z.array(z.string()).nullable(),
  secret: z.string(),
  createdAt: at,
  expiresAt: at.nullable(),
  usedAt: at.nullable(),
});

const linkCode = z.object({ id, version: z.number().int(), account: z.string(), expiresAt: at });

const usage = z.object({ bytes: z.number(), objects: z.number().int(), at });

const upkeep = z.object({
  id,
  version: z.number().int(),
  triedAt: at,
  doneAt: at.nullable(),
  sequence: z.number().int(),
  waits: z.object({ why: z.string(), since: at, locked: z.boolean() }).nullable(),
  removed: z.number().int(),
  compactedAt: at.nullable(),
  formerKeys: z.boolean(),
  hot: usage.extend({ imageBytes: z.number().optional() }).nullable(),
  vault: usage.nullable(),
  missed: z.record(z.string(), z.object({ why: z.string(), since: at, at })).optional(),
  checkedAt: at.nullable(),
  damage: z.string().nullable(),
  drill: z.object({ at, snapshot: z.string(), ok: z.boolean(), why: z.string() }).nullable(),
});

const alert = z.object({
  id,
  version: z.number().int(),
  kind: z.enum(ALERT_KINDS),
  workspace: z.string().nullable(),
  raisedAt: at,
  why: z.string(),
  resolvedAt: at.nullable(),
  resolvedBy: z.string().nullable(),
});

const part = z.enum(['gpu', 'disk', 'bandwidth']);
const counted = z.object({ bytes: z.number(), last: z.number() });

const bill = z.object({
  id,
  version: z.number().int(),
  workspace: z.string(),
  owner: z.string(),
  race: z.string().nullable(),
  marketplace: z.string(),
  instance: z.string().nullable(),
  for: z.enum(['gpu', 'waste', 'standby']),
  dollarsPerHour: z.number(),
  stoppedDollarsPerHour: z.number().nullable(),
  stopped: z.boolean(),
  marketDollarsPerHour: z.number().nullable(),
  from: at,
  meteredUntil: at,
  endedAt: at.nullable(),
  endsAt: z.number().optional(),
  raises: z
    .array(
      z.object({
        id: z.string(),
        from: at,
        dollarsPerHour: z.number(),
        besides: z.string().nullable(),
        agreed: z.boolean(),
      }),
    )
    .default([]),
  pieces: z.array(
    z.object({
      id,
      part,
      micro: z.number(),
      from: at,
      until: at,
      settledMicro: z.number(),
      entries: z.number().int(),
    }),
  ),
  lines: z.record(z.string(), z.object({ micro: z.number(), entries: z.number().int() })),
  chargedUntil: z.partialRecord(part, at),
  traffic: z.object({ down: counted, up: counted, micro: z.number().int(), at }),
  pending: z.array(ENTRY_SHAPES.ledger),
  closedAt: at.nullable(),
});

const budget = z.object({
  id,
  version: z.number().int(),
  scope: z.enum(BUDGET_SCOPES),
  of: z.string(),
  per: z.enum(BUDGET_SPANS),
  micro: z.number().int(),
  by: z.string(),
  at,
  spent: z.object({ micro: z.number(), from: at }),
});

const report = z.object({
  id,
  version: z.number().int(),
  guild: z.string(),
  channel: z.string(),
  every: z.enum(REPORT_EVERY),
  time: z.string().regex(CLOCK_TIME),
  zone: z.string(),
  language: z.enum(['en', 'pt']),
  workspace: z.string().nullable(),
  by: z.string(),
  doneAt: at,
  waiting: z.array(z.object({ due: at, from: at, until: at })),
});

const calls = z.object({ a: z.number(), b: z.number() });
const use = z.object({ gbDays: z.number(), a: z.number(), b: z.number(), gbOut: z.number() });
const storageBill = z.object({
  id,
  version: z.number().int(),
  owner: z.string(),
  since: at,
  endedAt: at.nullable(),
  storedUntil: at,
  bytes: z.object({ hot: z.number(), vault: z.number(), elsewhere: z.number() }),
  calls,
  elsewhere: calls,
  outBytes: z.number(),
  countedUntil: at,
  vaultObjects: z.number().int(),
  used: z.object({ month: at, here: use, elsewhere: use }).nullable(),
  pending: z.array(ENTRY_SHAPES.ledger),
});

const guild = z.object({
  id,
  version: z.number().int(),
  language: z.enum(['en', 'pt']),
  channel: z.string().nullable(),
  audit: z.string().nullable(),
  pingRole: z.string().nullable(),
  hears: z.enum(['everything', 'its own']),
  trouble: z.string().nullable(),
  placedAt: z.number().optional(),
});

const panel = z.object({
  id,
  version: z.number().int(),
  kind: z.enum(['operation', 'status', 'warning', 'alert', 'report', 'audit']),
  guild: z.string(),
  channel: z.string(),
  message: z.string().nullable(),
  workspace: z.string().nullable(),
  operation: z.string().nullable(),
  user: z.string().nullable(),
  facts,
  openedAt: at,
  postedAt: at.nullable(),
  closedAt: at.nullable(),
});

const confirmation = z.object({
  id,
  version: z.number().int(),
  user: z.string(),
  path: z.string(),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  typed: z.string().nullable(),
  expiresAt: at,
  usedBy: z.string().nullable(),
});

const gatewaySession = z.object({
  id,
  version: z.number().int(),
  session: z.string(),
  resumeUrl: z.string(),
  shards: z.number().int(),
  sequence: z.number().int(),
});

const discordHeard = z.object({ id, version: z.number().int(), number: z.number().int() });

export const ROW_SHAPES: { readonly [K in Kind]: z.ZodType<Rows[K]> } = {
  workspaces: workspace,
  machines: machine,
  races: race,
  snapshots: snapshot,
  operations: operation,
  accounts: account,
  sessions: session,
  tokens: token,
  'link-codes': linkCode,
  upkeep,
  alerts: alert,
  bills: bill,
  budgets: budget,
  reports: report,
  'storage-bills': storageBill,
  guilds: guild,
  panels: panel,
  confirmations: confirmation,
  'gateway-sessions': gatewaySession,
  'discord-heard': discordHeard,
};

export const KINDS = Object.keys(ROW_SHAPES) as readonly Kind[];

/** What is wrong with a row, in one line; null when nothing is. */
export function faultIn(kind: Kind, row: unknown): string | null {
  const checked = ROW_SHAPES[kind].safeParse(row);
  if (checked.success) return null;
  const [issue] = checked.error.issues;
  return `${issue?.path.join('.') || 'the row'}: ${issue?.message}`;
}
