import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuReading } from '../../domain/doors.ts';
import type { Offer } from '../../domain/marketplace.ts';
import { writeWhole } from '../../files/whole-file.ts';
import { chanceOf } from './chance.ts';
import { gpuNamed } from './gpus.ts';
import { libcuda } from './libcuda.ts';
import type { Misbehaviour } from './misbehaviours.ts';

type Card = Omit<Offer, 'id' | 'spot'>;

/**
 * Writes what the machine's GPUs say of themselves from now on: the readings that its `nvidia-smi` shows (that script
 * tells how they are laid out), and the library through which programs start CUDA.
 */
export function showGpu(folder: string, card: Card, reading: GpuReading, modes: readonly Misbehaviour[]): void {
  const health = modes.includes('gpu-lost') ? 'lost' : 'ok';
  const count = modes.includes('no-gpu') ? 0 : card.gpuCount;
  const gpus = Array.from({ length: count }, (_, index) => rowOf(card, index, reading));
  mkdirSync(join(folder, 'lib'), { recursive: true });
  writeWhole(join(folder, 'readings'), [health, ...gpus, ''].join('\n'), { mode: 0o644 });

  const initCode = health === 'lost' || count === 0 ? NO_DEVICE : modes.includes('cuda-dead') ? UNKNOWN_ERROR : 0;
  const library = libcuda(process.arch, { initCode, deviceCount: count, version: CUDA_VERSION });
  if (library) writeWhole(join(folder, 'lib', 'libcuda.so.1'), library, { mode: 0o755 });
}

const CUDA_VERSION = 13_000;
const NO_DEVICE = 100;
const UNKNOWN_ERROR = 999;
const DRIVER = '580.95.05';

function rowOf(card: Card, index: number, reading: GpuReading): string {
  const totalMb = card.vramGb * 1024;
  const within = (value: number, max: number): number => Math.round(Math.min(max, Math.max(0, value)));
  const { utilizationPercent, memoryUsedMb } = reading;
  return [
    index,
    gpuNamed(card.gpu).driverName,
    uuidOf(`${card.machine}/${index}`),
    within(utilizationPercent, 100),
    within(memoryUsedMb, totalMb),
    totalMb,
    DRIVER,
  ].join('|');
}

function uuidOf(card: string): string {
  const chance = chanceOf(`gpu/${card}`);
  const digits = Array.from({ length: 32 }, () => Math.floor(chance.next() * 16).toString(16)).join('');
  return `GPU-${digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
