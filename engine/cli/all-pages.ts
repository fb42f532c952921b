import type { EngineClient } from './engine-client.ts';

/** What the engine gives at once at most. */
const PAGE = 1_000;

type Query = Parameters<EngineClient['get']>[1];

/** All rows of a list, page by page, as if they were one; no more than `max`. */
export async function allPages<P extends { readonly next_cursor: string | null }>(
  engine: EngineClient,
  path: string,
  query: Query,
  list: keyof P & string,
  signal: AbortSignal,
  max = Number.POSITIVE_INFINITY,
): Promise<P> {
  const rows: unknown[] = [];
  let cursor: string | undefined;
  for (;;) {
    const left = max - rows.length;
    const part = left < PAGE ? { limit: left } : {};
    const page: P = await engine.get<P>(path, { ...query, ...part, cursor }, signal);
    for (const row of page[list] as readonly unknown[]) rows.push(row);
    if (page.next_cursor === null || rows.length >= max) return { ...page, [list]: rows };
    cursor = page.next_cursor;
  }
}
