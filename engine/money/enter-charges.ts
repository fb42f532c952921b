import type { Ports, Rows } from '../domain/ports.ts';

/** The row first, then the ledger: what the row names is written again after a crash, and is not counted again. */
export async function enter<K extends 'bills' | 'storage-bills'>(
  kind: K,
  row: Rows[K],
  ports: Ports,
): Promise<Rows[K]> {
  const saved = await ports.store.save(kind, row);
  return saved.pending.length > 0 ? await entered(kind, saved, ports) : saved;
}

export async function entered<K extends 'bills' | 'storage-bills'>(
  kind: K,
  row: Rows[K],
  ports: Ports,
): Promise<Rows[K]> {
  for (const charge of row.pending) await ports.journals.append('ledger', charge);
  return await ports.store.save(kind, { ...row, pending: [] } as Rows[K]);
}
