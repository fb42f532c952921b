import type { Account } from './account.ts';
import { type Answer, Problem } from './answer.ts';
import { type Cloud, level, type Pool } from './catalogue.ts';
import { atLeast } from './pods.ts';

/** GET /v2/catalog/gpus */
export function gpus({ catalogue }: Account, query: URLSearchParams): Answer {
  const wanted = query.get('include') === 'AVAILABILITY';
  const only = ['product', 'count', 'cloud', 'countryCodes', 'cudaVersions', 'minCudaVersion'].filter((name) =>
    query.has(name),
  );
  if (!wanted && only.length > 0) throw new Problem(400, `${only.join(', ')}: valid only with include=AVAILABILITY`);
  if (wanted && !query.has('product')) throw new Problem(400, 'product is required with include=AVAILABILITY');
  const count = Number(query.get('count') ?? 1);
  const cloud = (query.get('cloud') ?? 'SECURE') as Cloud;
  const min = query.get('minCudaVersion') ?? undefined;
  const body = catalogue.gpus.map((gpu) => {
    const plain = {
      id: gpu.id,
      name: gpu.name,
      pool: null,
      manufacturer: 'NVIDIA',
      memory: gpu.memory,
      secure: true,
      community: true,
      price: gpu.price,
      maxCount: { secure: gpu.maxCount, community: gpu.maxCount },
    };
    if (!wanted) return plain;
    const pools = catalogue.pools.filter(
      (pool) => pool.gpu === gpu && pool.cloud === cloud && pool.cudaVersions.some((version) => atLeast(version, min)),
    );
    return { ...plain, ...availability(count <= gpu.maxCount ? pools : [], count) };
  });
  return { status: 200, body: { gpus: body } };
}

function availability(pools: readonly Pool[], count: number): object {
  const free = Math.max(0, ...pools.map((pool) => pool.free));
  const versions = new Set(pools.flatMap(({ cudaVersions }) => cudaVersions));
  return {
    availability: level(free, count),
    ...(pools.length > 0 && {
      dataCenters: pools.map(({ dataCenter, free }) => ({
        id: dataCenter,
        name: dataCenter,
        availability: level(free, count),
      })),
      cudaVersions: [...versions].sort().map((version) => ({
        version,
        available: pools.some((pool) => pool.cudaVersions.includes(version) && pool.free >= count),
      })),
    }),
  };
}

/** GET /v2/catalog/datacenters */
export function dataCenters({ catalogue }: Account): Answer {
  const body = catalogue.dataCenters.map(({ id, region }) => ({
    id,
    name: id,
    region,
    networkVolumeTypes: [],
    compliance: [],
    globalNetwork: false,
  }));
  return { status: 200, body: { dataCenters: body } };
}
