import { isFailure } from '../domain/failures.ts';
import type { Kind, Rows, Store } from '../domain/ports.ts';

const TRIES = 20;

/** Changes a row that others may change at the same moment. `change` sees the newest one each time; null leaves it as it is. */
export async function update<K extends Kind>(
  store: Store,
  kind: K,
  id: string,
  change: (row: Rows[K]) => Rows[K] | null,
): Promise<Rows[K] | null> {
  for (let tries = 1; ; tries += 1) {
    const row = await store.read(kind, id);
    const next = row && change(row);
    if (!row || !next) return row;
    try {
      return await store.save(kind, next);
    } catch (cause) {
      if (!isFailure(cause, 'row_changed') || tries >= TRIES) throw cause;
    }
  }
}
