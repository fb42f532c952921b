import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { challengeOf, newestFirst } from '../../engine/policy/proof.ts';

const LIMITS = { newestCompared: 10, randomCompared: 20, comparedBytesMax: 1e9 };
const first = (): number => 0;

const files = (count: number, sizeBytes: number, name = 'file') =>
  Array.from({ length: count }, (_, i) => ({ path: `${name}-${i}`, sizeBytes }));

describe('which files are read back', () => {
  test('the ten newest and twenty others', () => {
    const asked = challengeOf(files(200, 1_000), LIMITS, () => 0.999, { last: true });
    expect(asked.slice(0, 10)).toEqual(files(10, 0).map(({ path }) => path));
    expect(asked).toHaveLength(30);
    expect(new Set(asked).size, 'no file is asked for twice').toBe(30);
    expect(asked.slice(10), 'random ones come from all of the rest').toContain('file-199');
  });

  describe('of a training that leaves checkpoints of 8 GB', () => {
    const left = [...files(12, 8e9, 'checkpoint'), ...files(40, 20_000, 'code')];
    const code = (asked: readonly string[]) => asked.filter((path) => path.startsWith('code'));

    test('a last save reads the newest one, and code', () => {
      const asked = challengeOf(left, LIMITS, first, { last: true });
      expect(asked[0]).toBe('checkpoint-0');
      expect(code(asked)).toHaveLength(29);
    });

    test('and it reads the newest one also when notes about it were written after it', () => {
      const noted = [{ path: 'trainer_state.json', sizeBytes: 900 }, ...left];
      const asked = challengeOf(noted, LIMITS, first, { last: true });
      expect(asked).toEqual(expect.arrayContaining(['trainer_state.json', 'checkpoint-0']));
      expect(asked).not.toContain('checkpoint-1');
    });

    test('where there is nothing else one of them is read, or nothing would have been compared', () => {
      const alone = [
        { path: 'large', sizeBytes: 9e9 },
        { path: 'less', sizeBytes: 5e9 },
      ];
      expect(challengeOf(alone, LIMITS, first, { last: false })).toEqual(['less']);
    });

    test('a backup in between reads code alone', () => {
      const asked = challengeOf(left, LIMITS, first, { last: false });
      expect(code(asked)).toEqual(asked);
      expect(asked).toHaveLength(30);
    });
  });

  test('a file that is dated into the future is not the newest', () => {
    const now = 1_000_000_000_000;
    const dated = (path: string, mtimeMs: number) => ({ path, sizeBytes: 1, mtimeMs });
    const order = newestFirst(
      [dated('old', 1), dated('2038', now * 2), dated('now', now), dated('skewed', now + 60_000)],
      now,
    );
    expect(order.map(({ path }) => path)).toEqual(['skewed', 'now', 'old', '2038']);
  });

  test('the limit holds, whatever there is', () => {
    const file = fc.record({ path: fc.string({ minLength: 1 }), sizeBytes: fc.nat(2e9) });
    const among = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 100 });
    const draws = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
    fc.assert(
      fc.property(among, draws, fc.boolean(), (all, draw, last) => {
        const asked = challengeOf(all, LIMITS, () => draw.next().value as number, { last });
        const sizes = new Map(all.map(({ path, sizeBytes }) => [path, sizeBytes]));
        expect(new Set(asked).size).toBe(asked.length);
        const counted = asked.filter((path, i) => sizes.get(path)! <= 1e9 && !(last && i === 0));
        expect(counted.reduce((sum, path) => sum + sizes.get(path)!, 0)).toBeLessThanOrEqual(1e9);
        // Nothing that would have fitted is left out while there is leave to ask for more.
        const room = 1e9 - counted.reduce((sum, path) => sum + sizes.get(path)!, 0);
        const more = all.filter(({ path, sizeBytes }) => sizeBytes <= room && !asked.includes(path) && askable(path));
        if (asked.length < 30) expect(more).toEqual([]);
      }),
    );
  });
});

const askable = (path: string): boolean => path.isWellFormed() && !path.includes('\uFFFD');
