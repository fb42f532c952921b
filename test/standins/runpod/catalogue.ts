export type Cloud = 'SECURE' | 'COMMUNITY';

export interface GpuType {
  readonly id: string;
  readonly name: string;
  readonly memory: number;
  readonly price: { readonly secure: number; readonly community: number };
  readonly maxCount: number;
}

/** Machines of one type in one place of one cloud; all that shares this competes for the same stock. */
export interface Pool {
  readonly gpu: GpuType;
  readonly cloud: Cloud;
  readonly dataCenter: string;
  readonly cudaVersions: readonly string[];
  free: number;
}

export interface Catalogue {
  readonly gpus: readonly GpuType[];
  readonly dataCenters: readonly { readonly id: string; readonly region: string }[];
  readonly pools: readonly Pool[];
}

/** A part of what is sold, at list prices of August 2026. */
const GPUS: readonly GpuType[] = [
  {
    id: 'NVIDIA GeForce RTX 4090',
    name: 'RTX 4090',
    memory: 24,
    price: { secure: 0.59, community: 0.34 },
    maxCount: 8,
  },
  {
    id: 'NVIDIA GeForce RTX 3090',
    name: 'RTX 3090',
    memory: 24,
    price: { secure: 0.46, community: 0.22 },
    maxCount: 4,
  },
  { id: 'NVIDIA A40', name: 'A40', memory: 48, price: { secure: 0.4, community: 0.35 }, maxCount: 10 },
  { id: 'NVIDIA H100 80GB HBM3', name: 'H100 SXM', memory: 80, price: { secure: 2.69, community: 2.69 }, maxCount: 8 },
];

const DATA_CENTERS = [
  { id: 'US-KS-2', region: 'NORTH_AMERICA' },
  { id: 'CA-MTL-1', region: 'NORTH_AMERICA' },
  { id: 'EU-RO-1', region: 'EUROPE' },
  { id: 'EUR-IS-1', region: 'EUROPE' },
  { id: 'AP-JP-1', region: 'ASIA' },
] as const;

export function catalogue(): Catalogue {
  const pools = GPUS.flatMap((gpu, g) =>
    DATA_CENTERS.flatMap(({ id }, d) =>
      (['SECURE', 'COMMUNITY'] as const).map((cloud, c) => ({
        gpu,
        cloud,
        dataCenter: id,
        cudaVersions: ['12.4', '12.8'].slice(0, 1 + ((g + d) % 2)),
        free: [12, 4, 2, 0, 8][(2 * g + d + c) % 5]!, // some of everything, and nothing of some
      })),
    ),
  );
  return { gpus: GPUS, dataCenters: DATA_CENTERS, pools };
}

export type Level = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH';

export function level(free: number, count: number): Level {
  const pods = Math.floor(free / count);
  return pods === 0 ? 'NONE' : pods < 3 ? 'LOW' : pods < 6 ? 'MEDIUM' : 'HIGH';
}
