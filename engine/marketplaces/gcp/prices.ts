import { HOURS_PER_MONTH } from '../../domain/money.ts';

/**
 * List prices on demand in the cheaper regions (us-central1, us-east1, us-west1), by the hour; other regions are up to half
 * as much again. https://cloud.google.com/compute/vm-instance-pricing, disks-image-pricing, vpc/network-pricing
 */
const MACHINES: Readonly<
  Record<string, { readonly cpuCount: number; readonly memoryGb: number; readonly dollars: number }>
> = {
  'e2-standard-2': { cpuCount: 2, memoryGb: 8, dollars: 0.067 },
  'e2-standard-4': { cpuCount: 4, memoryGb: 16, dollars: 0.134 },
  'e2-standard-8': { cpuCount: 8, memoryGb: 32, dollars: 0.268 },
  'e2-standard-16': { cpuCount: 16, memoryGb: 64, dollars: 0.536 },
};

export const DISK_DOLLARS_PER_GB_MONTH = 0.1; // pd-balanced
const ADDRESS_DOLLARS = 0.005; // an external IPv4 address, while it is held
export const DOLLARS_PER_GB_OUT = 0.12;

export const MACHINE_NAMES = Object.keys(MACHINES);

export const sizeOf = (machineType: string) => MACHINES[machineType] ?? { cpuCount: 0, memoryGb: 0, dollars: 0 };

/** Stopped, only its disk is paid for. */
export function dollarsPerHour(machineType: string, diskGb: number, running: boolean): number {
  const disk = (diskGb * DISK_DOLLARS_PER_GB_MONTH) / HOURS_PER_MONTH;
  const rest = running ? sizeOf(machineType).dollars + ADDRESS_DOLLARS : 0;
  return Number((disk + rest).toFixed(6));
}
