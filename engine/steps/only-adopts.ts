import type { Ports } from '../domain/ports.ts';

/**
 * The store was built from storage and nobody has said yet that it is whole: what it does not know may run elsewhere, so
 * nothing is rented, destroyed or removed. What runs is adopted and saved.
 */
export async function onlyAdopts({ store }: Pick<Ports, 'store'>): Promise<boolean> {
  const recovered = await store.read('alerts', 'recovered');
  return recovered !== null && recovered.resolvedAt === null;
}
