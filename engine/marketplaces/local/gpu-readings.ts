import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GpuReading } from '../../domain/doors.ts';
import type { Offer } from '../../domain/marketplace.ts';
import { chanceOf } from './chance.ts';
import { writeWhole } from './files.ts';
import { gpuNamed } from './gpus.ts';

export type GpuHealth = 'ok' | 'lost' | 'absent';

/** Writes what the machine's `nvidia-smi` says from now on; that script tells how the file is laid out. */
export function writeReadings(
  file: string,
  offer: Omit<Offer, 'id' | 'spot'>,
  reading: GpuReading,
  health: GpuHealth,
): void {
  const totalMb = offer.vramGb * 1024;
  const gpus = Array.from({ length: health === 'absent' ? 0 : offer.gpuCount }, (_, index) =>
    [
      index,
      gpuNamed(offer.gpu).driverName,
      uuidOf(`${offer.machine}/${index}`),
      Math.round(Math.min(100, Math.max(0, reading.utilizationPercent))),
      Math.round(Math.min(totalMb, Math.max(0, reading.memoryUsedMb))),
      totalMb,
      DRIVER,
    ].join('|'),
  );
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, [health === 'lost' ? 'lost' : 'ok', ...gpus, ''].join('\n'), 0o644);
}

const DRIVER = '580.95.05';

function uuidOf(card: string): string {
  const chance = chanceOf(`gpu/${card}`);
  const digits = Array.from({ length: 32 }, () => Math.floor(chance.next() * 16).toString(16)).join('');
  return `GPU-${digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
