import * as z from 'zod';
import { PLANS } from '../../domain/plan.ts';
import type { IdleRules, WorkspaceSpec } from '../../domain/workspace.ts';
import { NeedJson, needFrom } from './offer.ts';
import { cameled, type Present, present, type Snaked } from './wire.ts';

/** A path on a machine, below its root. */
export const MachinePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0') && !path.split('/').includes('..'), 'a path has no ".." in it')
  .transform((path) => path.replace(/^\/+/, ''));

/** One OpenSSH public key. A line break in it would let it carry a second one. */
export const PUBLIC_KEY = /^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$/;
const PublicKey = z.string().max(16_384).regex(PUBLIC_KEY, 'expected one line of an OpenSSH public key');
const PATHS_MAX = 1_000;

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;
const Span = z
  .number()
  .int()
  .min(SECOND)
  .max(30 * DAY);
const Amount = z.number().nonnegative();
const Percent = z.number().min(0).max(100);

/** When a machine counts as idle: on top of the installation's own rules, so each is optional. */
const IdleJson = z.strictObject({
  hibernate: z.boolean().optional().describe('False: never by itself.'),
  idle_ms: Span.optional().describe('Idle for this long.'),
  grace_ms: Span.optional().describe('People are warned this long before.'),
  first_ms: z.number().int().nonnegative().max(DAY).optional().describe('Not so soon after a wake.'),
  gpu_busy_percent: Percent.optional(),
  gpu_memory_moved_mb: Amount.optional(),
  cpu_busy_percent: Amount.optional().describe('Of one core.'),
  disk_busy_bytes_per_second: Amount.optional(),
  network_busy_bytes_per_second: Amount.optional(),
  attached_ms: Span.optional().describe('Logged in and touching nothing counts as alive for this long.'),
  unknown_ms: Span.optional().describe('What cannot be measured counts as alive for this long.'),
}) satisfies z.ZodType<{ [K in keyof Snaked<IdleRules>]?: Snaked<IdleRules>[K] | undefined }>;

/** What a workspace is; whatever is not said stays as it is, or at its default. */
export const SPEC_FIELDS = {
  image: z.string().min(1).max(500).optional(),
  need: NeedJson.optional(),
  disk_gb: z.number().positive().max(100_000).optional(),
  public_keys: z.array(PublicKey).max(100).optional(),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768)).optional(),
  ports: z.array(z.number().int().min(1).max(65_535)).max(100).optional(),
  include_paths: z.array(MachinePath).max(PATHS_MAX).optional(),
  exclude_paths: z.array(z.string().min(1).max(4096)).max(PATHS_MAX).optional(),
  file_bytes_max: z.number().int().positive().optional(),
  plan: z
    .enum(PLANS)
    .optional()
    .describe('How often it may be backed up, how long snapshots are kept, how much is stored.'),
  backup_every_ms: Span.nullable()
    .optional()
    .describe("10 s, 30 s, 1, 5 or 15 min, 1, 6 or 24 h, as the plan allows; null: the plan's own."),
  retention_days: z
    .number()
    .int()
    .positive()
    .nullable()
    .optional()
    .describe('7, 30 or 90; null: as the kind or the plan says.')
    .meta({ examples: [7, 30, 90] }),
  idle: IdleJson.optional(),
  wake_image: z.boolean().optional().describe('Whether an image is kept that a wake is fast with.'),
  after_wake: z
    .string()
    .min(1)
    .max(32_768)
    .nullable()
    .optional()
    .describe('A line for bash, run once after each wake.'),
};

export function specFrom(json: z.output<z.ZodObject<typeof SPEC_FIELDS>>): Present<WorkspaceSpec> {
  return present({
    image: json.image,
    need: json.need && needFrom(json.need),
    diskGb: json.disk_gb,
    publicKeys: json.public_keys,
    environment: json.environment,
    ports: json.ports,
    include: json.include_paths,
    exclude: json.exclude_paths,
    fileBytesMax: json.file_bytes_max,
    plan: json.plan,
    backupEveryMs: json.backup_every_ms,
    retentionDays: json.retention_days,
    idle: json.idle && (present(cameled(json.idle)) as Partial<IdleRules>),
    wakeImage: json.wake_image,
    afterWake: json.after_wake,
  });
}
