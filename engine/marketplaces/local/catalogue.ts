import type { Offer } from '../../domain/marketplace.ts';
import { HOURS_PER_MONTH } from '../../domain/money.ts';
import { type Chance, chanceOf } from './chance.ts';
import { GPUS } from './gpus.ts';

/** A machine that somebody owns and rents out. What is on offer is one of these, under a new name for every rental. */
export interface Physical {
  readonly id: string;
  /** What an offer of it says, but for the offer's own id. */
  readonly offer: Omit<Offer, 'id' | 'spot'>;
  /** Some are also offered interruptible, for less. */
  readonly spotDollarsPerHour: number | null;
  /** 0 to 1: how well its owner looks after it. Boot times follow from it. */
  readonly quality: number;
}

const HOSTS = 16;
const MACHINES_PER_HOST = 3;
const REGIONS = ['US', 'CA', 'DE', 'SE', 'PL', 'BR', 'JP', 'AU'] as const;

/** All machines of the marketplace; the same for the same seed. */
export function catalogue(seed: string): readonly Physical[] {
  return Array.from({ length: HOSTS }, (_, number) => hostWith(seed, number)).flat();
}

function hostWith(seed: string, number: number): readonly Physical[] {
  const chance = chanceOf(`${seed}/host/${number}`);
  const host = {
    id: `host-${1000 + number * 37}`,
    region: REGIONS[number % REGIONS.length]!,
    quality: 1 - chance.next() ** 2 * 0.9,
    downMbps: Math.round(chance.between(200, 4000)),
  };
  return Array.from({ length: MACHINES_PER_HOST }, (_, index) => machineOf(chance, host, number, index));
}

type Host = { readonly id: string; readonly region: string; readonly quality: number; readonly downMbps: number };

function machineOf(chance: Chance, host: Host, number: number, index: number): Physical {
  // The first machine of every host has the card most people ask for, so that a race finds machines of many owners.
  const gpu = index === 0 ? GPUS[0]! : chance.pick(GPUS);
  const gpuCount = index === 2 ? chance.pick([1, 2, 4, 8]) : 1;
  const dollarsPerHour = round(
    gpu.dollarsPerHour * gpuCount * chance.between(0.8, 1.3) * (0.8 + 0.3 * host.quality),
    4,
  );
  const perGb = chance.next() < 0.4 ? 0 : round(chance.between(0.001, 0.03), 4);
  return {
    id: `m-${20_000 + number * 100 + index}`,
    offer: {
      marketplace: 'local',
      machine: `m-${20_000 + number * 100 + index}`,
      host: host.id,
      region: host.region,
      gpu: gpu.name,
      gpuCount,
      vramGb: gpu.vramGb,
      cpuCount: gpuCount * chance.pick([8, 16, 24]),
      memoryGb: gpuCount * chance.pick([32, 64, 128]),
      diskGb: Math.round(chance.between(60, 1500)),
      dollarsPerHour,
      dollarsPerGbDown: perGb,
      dollarsPerGbUp: perGb,
      stoppedDollarsPerGbMonth: HOURS_PER_MONTH * DISK_DOLLARS_PER_GB_HOUR,
      reliability: round(Math.min(0.999, 0.7 + 0.3 * host.quality * chance.between(0.96, 1)), 3),
      downMbps: host.downMbps,
      upMbps: Math.round(host.downMbps * chance.between(0.3, 1)),
      cuda: chance.pick([12.4, 12.6, 12.8, 13.0]),
      verified: host.quality > 0.45,
    },
    spotDollarsPerHour: chance.next() < 0.4 ? round(dollarsPerHour * chance.between(0.35, 0.6), 4) : null,
    quality: host.quality,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export const DISK_DOLLARS_PER_GB_HOUR = 0.0002;
