import { expect, test } from 'vitest';
import { allPages } from '../../engine/cli/all-pages.ts';
import type { EngineClient } from '../../engine/cli/engine-client.ts';
import { ordered, pageOf } from '../../engine/http/page.ts';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';

const ROWS = Array.from({ length: 2_345 }, (_, i) => ({ n: 2_345 - i }));

/** An engine that gives a thousand at once, as ours does. */
function pages(asked: unknown[] = []): Pick<EngineClient, 'get'> {
  return {
    get: async <T>(_: string, query: Record<string, unknown> = {}) => {
      asked.push(query.limit);
      const { limit = 1_000, cursor } = query as { limit?: number; cursor?: string };
      const { page, next_cursor } = pageOf(ROWS, ({ n }) => ordered(n), { limit, cursor });
      return { rows: page, next_cursor, counts: { all: ROWS.length } } as T;
    },
  };
}

test.each<readonly [max: number | undefined, given: number, asked: readonly unknown[]]>([
  [undefined, 2_345, [undefined, undefined, undefined]],
  [100, 100, [100]],
  [1_000, 1_000, [undefined]],
  [1_500, 1_500, [undefined, 500]],
  [9_999, 2_345, [undefined, undefined, undefined]],
])('of a list that has many pages at most %s rows are %s, and no more is asked for', async (max, given, limits) => {
  type Page = { rows: typeof ROWS; next_cursor: string | null; counts: { all: number } };
  const asked: unknown[] = [];
  const engine = pages(asked) as EngineClient;
  const all = await allPages<Page>(engine, '/', {}, 'rows', new AbortController().signal, max);
  expect(all.rows).toEqual(ROWS.slice(0, given));
  expect(asked).toEqual(limits);
  expect(all.counts).toEqual({ all: 2_345 });
  expect(all.next_cursor === null).toBe(given === ROWS.length);
});

test('operations say what was asked for and how it ended, and the audit goes on behind its first page', async () => {
  await using house = await served({ names: ['lab', 'train'], pace: 1_000 });
  await house.engine.wake('lab', {}, { by: 'ana', key: null });
  const all = await run(house.home, ['operations', 'lab']);
  expect([all.code, all.out], all.err).toEqual([0, expect.stringMatching(/wake +lab +ana +goes on/)]);
  const open = await run(house.home, ['operations', '--open', '--json']);
  expect(JSON.parse(open.out).operations).toMatchObject([{ verb: 'wake', instance_id: 'lab', ended_at: null }]);
  expect((await run(house.home, ['operations', 'train'])).err).toContain('Nothing was asked for yet.');

  for (let i = 0; i < 1_100; i += 1)
    await house.audit.record({ by: 'ana', verb: 'wake', on: `lab-${i}`, result: 'began', why: '' });
  const many = JSON.parse((await run(house.home, ['audit', '--limit', '1050', '--json'])).out);
  expect(many.deeds.map(({ on }: { on: string }) => on)).toEqual(
    Array.from({ length: 1_050 }, (_, i) => `lab-${1_099 - i}`),
  );
  expect(JSON.parse((await run(house.home, ['audit', '--json'])).out).deeds).toHaveLength(100);
});
