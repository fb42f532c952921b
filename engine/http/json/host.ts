import * as z from 'zod';
import type { HostMemory, HostsView } from '../../domain/doors.ts';
import { STATES } from '../../domain/lifecycle.ts';
import { TimesJson } from './times.ts';
import { iso, snaked } from './wire.ts';

const StagesJson = z.partialRecord(z.enum(STATES), TimesJson).describe('Of what went well.');

export const HostJson = z.object({
  marketplace: z.string(),
  host: z.string(),
  physical: z.string().describe('The physical machine.'),
  starts: z.number(),
  failures: z.number(),
  stages: StagesJson,
  mbps: z.number().nullable().describe('How fast storage came to it, in Mbit/s.'),
  passed_over: z.string().nullable().describe('Why a race would rather take another one.'),
  last_at: z.iso.datetime(),
  last_why: z.string(),
});
export type HostJson = z.infer<typeof HostJson>;

export const HostsJson = z.object({
  stages: StagesJson.describe('Of all hosts together.'),
  hosts: z.array(HostJson),
});
export type HostsJson = z.infer<typeof HostsJson>;

export function hostsJson({ stages, hosts }: HostsView): HostsJson {
  return { stages: { ...stages }, hosts: hosts.map(hostJson) };
}

function hostJson(host: HostMemory): HostJson {
  return { ...snaked(host), last_at: iso(host.lastAt) };
}
