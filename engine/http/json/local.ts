import * as z from 'zod';
import type { LocalCharge, LocalMachine } from '../../domain/doors.ts';
import { MICRO } from '../../domain/money.ts';
import { iso, isoOrNull, snaked } from './wire.ts';

const GpuReadingJson = z.strictObject({
  utilization_percent: z.number().min(0).max(100),
  memory_used_mb: z.number().nonnegative(),
});

export const LocalMachineJson = z.object({
  instance: z.string(),
  label: z.string().nullable(),
  status: z.enum(['loading', 'running', 'stopped', 'exited', 'unknown']),
  status_message: z.string(),
  address: z.object({ host: z.string(), port: z.number() }).nullable(),
  machine: z.string(),
  dollars_per_hour: z.number(),
  started_at: z.iso.datetime(),
  gpu: GpuReadingJson,
  misbehaving: z.string().nullable(),
});
export type LocalMachineJson = z.infer<typeof LocalMachineJson>;

export const LocalMachinesJson = z.object({
  machines: z.array(LocalMachineJson),
  modes: z.record(z.string(), z.string()).describe('Every way to misbehave, and what it does.'),
});
export type LocalMachinesJson = z.infer<typeof LocalMachinesJson>;

const Target = z.string().min(1).max(200);

export const MisbehaveJson = z.strictObject({ target: Target, mode: z.string().min(1).max(100).nullable() });
export const GpuJson = z.strictObject({ target: Target, ...GpuReadingJson.shape });

export const LocalBillJson = z.object({
  charges: z.array(
    z.object({
      instance: z.string(),
      label: z.string().nullable(),
      from: z.iso.datetime(),
      until: z.iso.datetime().nullable(),
      dollars: z.number(),
    }),
  ),
  dollars: z.number(),
});
export type LocalBillJson = z.infer<typeof LocalBillJson>;

export function localMachineJson(machine: LocalMachine): LocalMachineJson {
  return { ...snaked(machine), started_at: iso(machine.startedAt) };
}

export function localBillJson(charges: readonly LocalCharge[]): LocalBillJson {
  return {
    charges: charges.map((charge) => ({
      instance: charge.instance,
      label: charge.label,
      from: iso(charge.from),
      until: isoOrNull(charge.until),
      dollars: charge.micro / MICRO,
    })),
    dollars: charges.reduce((sum, charge) => sum + charge.micro, 0) / MICRO,
  };
}
