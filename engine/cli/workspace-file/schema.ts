import * as z from 'zod';
import { PLANS } from '../../domain/plan.ts';
import { spanMs } from '../../domain/span.ts';
import { NeedJson } from '../../http/json/offer.ts';
import { PUBLIC_KEY } from '../../http/json/spec.ts';
import { duration } from '../words.ts';

const SPAN = 'expected a length of time like 90s, 5m, 2h or 1d';
const KEY = new RegExp(`^file:\\s*\\S|${PUBLIC_KEY.source}`);

/**
 * A workspace as a person writes it down. This is the one source: what is accepted, what the messages say is allowed, and
 * the JSON Schema that editors complete by all come from here.
 */
const Idle = z.strictObject({
  hibernate: z.boolean().optional().describe('False: it never falls asleep by itself.'),
  after: span('1s', '30d').optional().describe('Idle for this long.'),
  grace: span('1s', '30d').optional().describe('People are warned this long before.'),
  first: span('0s', '1d').optional().describe('Not so soon after a wake.'),
  gpu_busy_percent: z.number().min(0).max(100).optional(),
  gpu_memory_moved_mb: z.number().nonnegative().optional(),
  cpu_busy_percent: z.number().nonnegative().optional().describe('Of one core.'),
  disk_busy_mb_per_second: z.number().nonnegative().optional(),
  network_busy_mb_per_second: z.number().nonnegative().optional(),
  attached: span('1s', '30d').optional().describe('Logged in and touching nothing counts as alive for this long.'),
  unknown: span('1s', '30d').optional().describe('What cannot be measured counts as alive for this long.'),
});

export const WorkspaceFile = z
  .strictObject({
    $schema: z.string().optional().describe('Where this schema lies, for editors.'),
    image: z.string().min(1).max(500).optional().describe('The container image it runs on.'),
    gpu: z.string().min(1).max(100).optional().describe('Short for `need: { gpu: ... }`.'),
    need: NeedJson.optional().describe('Which machines will do.'),
    disk_gb: z.number().positive().max(100_000).optional(),
    ports: z.array(z.number().int().min(1).max(65_535)).max(100).optional(),
    public_keys: z
      .array(z.string().max(16_384).regex(KEY, 'expected one line of an OpenSSH public key, or "file:" and a path'))
      .max(100)
      .optional()
      .describe('Keys that may log in: a line of an OpenSSH public key, or `file:` and a path.'),
    environment: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable has letters, digits and underscores'),
        z.union([z.string().max(32_768), z.int(), z.boolean()], {
          error: 'expected text; write a number with a fraction in quotes, or its zeros are lost',
        }),
      )
      .optional(),
    include: z.array(path()).max(1_000).optional().describe('Backed up besides /root, /workspace and /data.'),
    exclude: z.array(z.string().min(1).max(4_096)).max(1_000).optional().describe('Not backed up, as in .gitignore.'),
    file_gb_max: z.number().positive().optional().describe('Larger files are not backed up; they hold the machine.'),
    plan: z.enum(PLANS).optional().describe('How often it may be backed up, how long snapshots are kept.'),
    backup_every: span('1s', '30d')
      .nullable()
      .optional()
      .describe("10s, 30s, 1m, 5m, 15m, 1h, 6h or 24h, as the plan allows; null: the plan's own."),
    retention_days: z
      .union([z.literal(7), z.literal(30), z.literal(90)])
      .nullable()
      .optional(),
    idle: Idle.optional().describe('When it falls asleep by itself.'),
    wake_image: z.boolean().optional(),
    after_wake: z
      .string()
      .min(1)
      .max(32_768)
      .nullable()
      .optional()
      .describe('A line for bash, run once after each wake.'),
  })
  .refine(({ gpu, need }) => gpu === undefined || need?.gpu === undefined, {
    error: 'said twice: once here and once in `need`',
    path: ['gpu'],
  });
export type WorkspaceFile = z.output<typeof WorkspaceFile>;

/** For editors. */
export function workspaceSchema(): object {
  return { title: 'A workspace of Dumont', ...z.toJSONSchema(WorkspaceFile, { io: 'input' }) };
}

/** The keys that may stand at a place in the file, for those who misspelt one. */
export function keysAt(place: readonly PropertyKey[]): readonly string[] {
  if (place.length === 0) return Object.keys(WorkspaceFile.shape);
  if (place.length > 1) return [];
  return Object.keys({ idle: Idle.shape, need: NeedJson.shape }[String(place[0])] ?? {});
}

function span(least: string, most: string) {
  const [min, max] = [spanMs(least) ?? 0, spanMs(most) ?? 0];
  return z
    .string(SPAN)
    .regex(/^\s*(\d+(\.\d+)?\s*(s|m|min|h|d)\s*)+$/, SPAN)
    .transform((text) => spanMs(text) ?? Number.NaN)
    .refine((ms) => ms >= min && ms <= max, `expected ${duration(min)} to ${duration(max)}`);
}

function path() {
  return z
    .string()
    .min(1)
    .max(4_096)
    .refine((text) => !text.split('/').includes('..'), 'a path has no ".." in it');
}
