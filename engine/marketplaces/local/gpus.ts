export interface Gpu {
  /** As marketplaces write it. */
  readonly name: string;
  /** As the driver does. */
  readonly driverName: string;
  readonly vramGb: number;
  readonly dollarsPerHour: number;
}

export const GPUS: readonly Gpu[] = [
  { name: 'RTX 4090', driverName: 'NVIDIA GeForce RTX 4090', vramGb: 24, dollarsPerHour: 0.36 },
  { name: 'RTX 3090', driverName: 'NVIDIA GeForce RTX 3090', vramGb: 24, dollarsPerHour: 0.18 },
  { name: 'RTX 5090', driverName: 'NVIDIA GeForce RTX 5090', vramGb: 32, dollarsPerHour: 0.52 },
  { name: 'RTX A6000', driverName: 'NVIDIA RTX A6000', vramGb: 48, dollarsPerHour: 0.45 },
  { name: 'L40S', driverName: 'NVIDIA L40S', vramGb: 48, dollarsPerHour: 0.75 },
  { name: 'A100 SXM4', driverName: 'NVIDIA A100-SXM4-80GB', vramGb: 80, dollarsPerHour: 0.95 },
  { name: 'H100 SXM', driverName: 'NVIDIA H100 80GB HBM3', vramGb: 80, dollarsPerHour: 2.1 },
  { name: 'RTX 3060', driverName: 'NVIDIA GeForce RTX 3060', vramGb: 12, dollarsPerHour: 0.07 },
];

export function gpuNamed(name: string): Gpu {
  return GPUS.find((gpu) => gpu.name === name) ?? GPUS[0]!;
}
