import { seeded } from '../../fakes/chance.ts';

/** A machine that somebody rents out, in vast's words. */
export interface Physical {
  readonly machine_id: number;
  readonly host_id: number;
  readonly quality: number;
  readonly gpu_name: string;
  readonly num_gpus: number;
  readonly gpu_ram: number;
  readonly cpu_ram: number;
  readonly cpu_cores: number | null;
  readonly cpu_cores_effective: number;
  readonly disk_space: number;
  readonly dph_base: number;
  readonly min_bid: number;
  readonly storage_cost: number;
  readonly inet_down: number;
  readonly inet_up: number;
  readonly inet_down_cost: number;
  readonly inet_up_cost: number;
  readonly reliability2: number;
  readonly cuda_max_good: number;
  readonly geolocation: string;
  readonly verification: 'verified' | 'unverified';
  readonly direct_port_count: number;
  readonly hosting_type: 0 | 1;
  readonly duration: number;
}

const GPUS: readonly (readonly [string, number, number])[] = [
  ['RTX 4090', 24_564, 0.36],
  ['RTX 3090', 24_576, 0.17],
  ['RTX 5090', 32_607, 0.52],
  ['L40S', 46_068, 0.62],
  ['RTX A6000', 49_140, 0.45],
  ['A100 SXM4', 81_920, 0.9],
  ['H100 SXM', 81_559, 2.1],
];
const PLACES = [
  'Sweden, SE',
  'California, US',
  'Texas, US',
  'Quebec, CA',
  'Poland, PL',
  'Brazil, BR',
  'Japan, JP',
  ', DE',
];

/** The same fleet for the same seed. Most owners have one to three machines, a few have many. */
export function fleetOf(seed: string, size: number): readonly Physical[] {
  const chance = seeded(`${seed}/fleet`);
  const machines: Physical[] = [];
  for (let host = 0; machines.length < size; host += 1) {
    const quality = 1 - chance() ** 2 * 0.9;
    const place = PLACES[Math.floor(chance() * PLACES.length)]!;
    const owned = chance() < 0.15 ? 4 + Math.floor(chance() * 9) : 1 + Math.floor(chance() * 3);
    const inet_down = Math.round(200 + 3_800 * chance() * quality);
    for (let i = 0; i < owned && machines.length < size; i += 1)
      machines.push(machineOf(chance, machines.length, 10_000 + host, quality, place, inet_down));
  }
  return machines;
}

function machineOf(
  chance: () => number,
  index: number,
  host_id: number,
  quality: number,
  geolocation: string,
  inet_down: number,
): Physical {
  const [gpu_name, gpu_ram, price] = chance() < 0.5 ? GPUS[0]! : GPUS[Math.floor(chance() * GPUS.length)]!;
  const num_gpus = chance() < 0.7 ? 1 : ([2, 4, 8] as const)[Math.floor(chance() * 3)]!;
  const dph_base = round(price * num_gpus * (0.8 + 0.5 * chance()) * (0.8 + 0.3 * quality), 4);
  const perGb = chance() < 0.25 ? 0 : round(0.001 + 0.019 * chance(), 4);
  const cores = num_gpus * 16;
  return {
    machine_id: 20_000 + index,
    host_id,
    quality,
    gpu_name,
    num_gpus,
    gpu_ram,
    cpu_ram: 64_000 * num_gpus,
    cpu_cores: cores,
    cpu_cores_effective: cores / (chance() < 0.5 ? 1 : 2),
    disk_space: round(60 + 1_400 * chance(), 1),
    dph_base,
    min_bid: round(dph_base * (0.3 + 0.3 * chance()), 4),
    storage_cost: round(0.05 + 0.15 * chance(), 3),
    inet_down,
    inet_up: Math.round(inet_down * (0.3 + 0.7 * chance())),
    inet_down_cost: perGb,
    inet_up_cost: perGb,
    reliability2: round(Math.min(0.999, 0.75 + 0.25 * quality * (0.97 + 0.03 * chance())), 4),
    cuda_max_good: ([12.4, 12.6, 12.8, 13] as const)[Math.floor(chance() * 4)]!,
    geolocation,
    verification: quality > 0.4 ? 'verified' : 'unverified',
    direct_port_count: chance() < 0.95 ? 16 + Math.floor(chance() * 200) : 0,
    hosting_type: quality > 0.9 ? 1 : 0,
    duration: Math.round(86_400 * (2 + 60 * chance())),
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
