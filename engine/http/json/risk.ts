import * as z from 'zod';
import type { RiskView } from '../../domain/doors.ts';
import { isoOrNull, snaked } from './wire.ts';

export const BadLinesJson = z
  .array(z.object({ file: z.string(), number: z.number(), line: z.string(), why: z.string() }))
  .describe("Lines of ignore files that can never match anything; one of the workspace's own patterns has no file.");

/** What would be lost if the machine ended now. */
export const RiskJson = z.object({
  machine_id: z.string(),
  files: z
    .array(
      z.object({
        kind: z.enum(['over-cap', 'unreadable', 'unlisted', 'git', 'other-mount']),
        path: z.string(),
        size_bytes: z.number(),
        why: z.string(),
      }),
    )
    .describe('Not in any backup, and not to be remade. They hold the machine.'),
  excluded: z
    .array(z.object({ path: z.string(), size_bytes: z.number(), rule: z.string() }))
    .describe('Left out by a rule: the largest first.'),
  repositories: z
    .array(
      z.object({
        path: z.string(),
        unpushed_commits: z.number(),
        changed_files: z.number(),
        stashes: z.number(),
        saved: z.boolean(),
      }),
    )
    .describe('Repositories with work that exists nowhere else; it is in the backups unless `saved` is false.'),
  pending: z
    .object({ files: z.number(), bytes: z.number(), newest: z.array(z.string()) })
    .describe('Changed since the last backup that is in storage.'),
  durable_at: z.iso.datetime().nullable(),
  bad_lines: BadLinesJson,
});
export type RiskJson = z.infer<typeof RiskJson>;

export function riskJson({ machine, durableAt, badLines = [], ...rest }: RiskView): RiskJson {
  return { machine_id: machine, ...snaked(rest), durable_at: isoOrNull(durableAt), bad_lines: badLines };
}
