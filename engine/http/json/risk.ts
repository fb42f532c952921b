import { z } from 'zod';
import type { RiskView } from '../../domain/doors.ts';
import { isoOrNull, snaked } from './wire.ts';

/** What would be lost if the machine ended now. */
export const RiskJson = z.object({
  machine_id: z.string(),
  files: z
    .array(
      z.object({
        kind: z.enum(['over-cap', 'unreadable', 'git', 'other-mount']),
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
});
export type RiskJson = z.infer<typeof RiskJson>;

export function riskJson({ machine, durableAt, ...rest }: RiskView): RiskJson {
  return { machine_id: machine, ...snaked(rest), durable_at: isoOrNull(durableAt) };
}
