import * as z from 'zod';
import type { Pulse } from '../../domain/doors.ts';
import { BadLinesJson } from './risk.ts';
import { iso, isoOrNull } from './wire.ts';

/** What a machine says of itself every few seconds. */
export const PulseJson = z.object({
  heard_at: z.iso.datetime(),
  backup: z.object({
    state: z.enum(['off', 'waiting', 'running', 'failing']),
    every_ms: z.number().describe("The plan's interval, or longer when a run takes longer."),
    durable_at: z.iso.datetime().nullable().describe('Everything up to this moment is in storage.'),
    changed_at: z.iso.datetime().nullable().describe('Something moved since then, first seen at this moment.'),
    files_pending: z.number(),
    last_ms: z.number().nullable().describe('How long the last backup took.'),
    failures: z.number().describe('In a row.'),
    failed_why: z.string().nullable(),
    watching: z.enum(['inotify', 'walks']),
    bad_lines: BadLinesJson,
  }),
  jobs: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['running', 'ended']),
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().nullable(),
      code: z.number().nullable(),
      tail: z.string().describe('The end of what it printed.'),
      output: z.string().describe('The file on the machine where everything it prints lies.'),
    }),
  ),
  idle: z.object({
    sleep: z.boolean(),
    why: z.string(),
    quiet_since: z.iso.datetime().nullable().describe('Null while something is seen.'),
  }),
});
export type PulseJson = z.infer<typeof PulseJson>;

export function pulseJson({ heardAt, backup, jobs, idle }: Pulse): PulseJson {
  return {
    heard_at: iso(heardAt),
    backup: {
      state: backup.state,
      every_ms: backup.everyMs,
      durable_at: isoOrNull(backup.durableAt),
      changed_at: isoOrNull(backup.changedAt),
      files_pending: backup.filesPending,
      last_ms: backup.lastMs,
      failures: backup.failures,
      failed_why: backup.failedWhy,
      watching: backup.watching,
      bad_lines: backup.badLines ?? [],
    },
    jobs: jobs.map((job) => ({
      id: job.id,
      state: job.state,
      started_at: iso(job.startedAt),
      ended_at: isoOrNull(job.endedAt),
      code: job.code,
      tail: job.tail,
      output: job.output,
    })),
    idle: { sleep: idle.sleep, why: idle.why, quiet_since: isoOrNull(idle.quietSince) },
  };
}
