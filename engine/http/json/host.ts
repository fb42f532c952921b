import * as z from 'zod';
import type { HostMemory } from '../../domain/doors.ts';
import { STATES } from '../../domain/lifecycle.ts';
import { iso, snaked } from './wire.ts';

export const HostJson = z.object({
  marketplace: z.string(),
  host: z.string(),
  physical: z.string().describe('The physical machine.'),
  starts: z.number(),
  failures: z.number(),
  stages: z.partialRecord(z.enum(STATES), z.object({ p50: z.number(), p95: z.number(), samples: z.number() })),
  mbps: z.number().nullable().describe('How fast storage came to it, in Mbit/s.'),
  passed_over: z.string().nullable().describe('Why a race would rather take another one.'),
  last_at: z.iso.datetime(),
  last_why: z.string(),
});
export type HostJson = z.infer<typeof HostJson>;

export const HostsJson = z.object({ hosts: z.array(HostJson) });
export type HostsJson = z.infer<typeof HostsJson>;

export function hostJson(host: HostMemory): HostJson {
  return { ...snaked(host), last_at: iso(host.lastAt) };
}
