import { describe, expect, test } from 'vitest';
import type { Boot, Charge, Journal, Journals } from '../../engine/domain/journals.ts';

export interface JournalsUnderTest extends AsyncDisposable {
  readonly journals: Journals;
  /** The same journals after their engine was started again. */
  reopened(): Promise<Journals>;
}

export function aBoot(over: Partial<Boot> = {}): Boot {
  return {
    at: Date.UTC(2026, 7, 3),
    machine: 'm1',
    marketplace: 'local',
    physical: 'p1',
    host: 'h1',
    image: 'ubuntu:24.04',
    stage: 'booting',
    ms: 12_000,
    ok: true,
    why: 'SSH answers',
    ...over,
  };
}

export function aCharge(over: Partial<Charge> = {}): Charge {
  return {
    at: Date.UTC(2026, 7, 3),
    workspace: 'lab',
    machine: 'm1',
    race: null,
    for: 'gpu',
    micro: 400_000,
    from: Date.UTC(2026, 7, 3) - 3_600_000,
    until: Date.UTC(2026, 7, 3),
    ...over,
  };
}

/** What every implementation of journals promises. `open` begins with empty ones. */
export function journalsContract(name: string, open: () => Promise<JournalsUnderTest>): void {
  describe(`${name} as journals`, () => {
    test('keep every entry of every journal exactly, through a restart', async () => {
      await using world = await open();
      const at = Date.UTC(2026, 7, 3);
      const entries = {
        boots: aBoot({ why: 'olá\n\u2028\r"{}' }),
        ledger: aCharge(),
        audit: { at, by: 'ana', verb: 'wake', on: 'lab', result: 'done', why: 'asked' },
        drills: { at, workspace: 'lab', snapshot: 'a', ms: 1_000, bytes: 1, files: 2, ok: true, why: 'as they were' },
        events: { at, number: 1, event: 'race.began', workspace: null, facts: { machines: 5, deep: { why: null } } },
      } as const;
      for (const [journal, entry] of Object.entries(entries)) await world.journals.append(journal as Journal, entry);
      for (const journals of [world.journals, await world.reopened()])
        for (const [journal, entry] of Object.entries(entries))
          expect(await journals.read(journal as Journal, 0)).toStrictEqual([entry]);
    });

    test('read what was appended in its order, across months and restarts', async () => {
      await using world = await open();
      const times = [Date.UTC(2026, 6, 31, 23, 59), Date.UTC(2026, 7, 1), Date.UTC(2026, 7, 1), Date.UTC(2027, 0, 2)];
      for (const [n, at] of times.entries()) await world.journals.append('boots', aBoot({ at, machine: `m${n}` }));
      const again = await world.reopened();
      await again.append('boots', aBoot({ at: Date.UTC(2027, 0, 2), machine: 'm4' }));
      expect((await again.read('boots', 0)).map(({ machine }) => machine)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    });

    test('read from a moment on, that moment included', async () => {
      await using world = await open();
      for (let day = 1; day <= 60; day += 1)
        await world.journals.append('boots', aBoot({ at: Date.UTC(2026, 0, day), machine: `m${day}` }));
      const read = async (since: number) => (await world.journals.read('boots', since)).map(({ machine }) => machine);
      expect(await read(Date.UTC(2026, 0, 59))).toEqual(['m59', 'm60']);
      expect(await read(Date.UTC(2026, 0, 59) + 1)).toEqual(['m60']);
      expect(await read(Date.UTC(2030, 0, 1))).toEqual([]);
      expect(await read(-5)).toHaveLength(60);
    });

    test('oldest first also when an entry came late', async () => {
      await using world = await open();
      for (const hour of [5, 3, 4])
        await world.journals.append('boots', aBoot({ at: Date.UTC(2026, 0, 1, hour), machine: `m${hour}` }));
      expect((await world.journals.read('boots', 0)).map(({ machine }) => machine)).toEqual(['m3', 'm4', 'm5']);
    });

    test('do not mix', async () => {
      await using world = await open();
      await world.journals.append('ledger', aCharge());
      expect(await world.journals.read('boots', 0)).toEqual([]);
      expect(await world.journals.read('events', 0)).toEqual([]);
    });

    test('lose none of many entries that come at once', async () => {
      await using world = await open();
      await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          world.journals.append('ledger', aCharge({ micro: n, at: n * 86_400_000 })),
        ),
      );
      const sum = (await (await world.reopened()).read('ledger', 0)).reduce((micro, charge) => micro + charge.micro, 0);
      expect(sum).toBe((299 * 300) / 2);
    });

    test('refuse an entry that they could not read again', async () => {
      await using world = await open();
      await expect(world.journals.append('ledger', aCharge({ micro: Number.NaN }))).rejects.toThrow('micro');
      expect(await world.journals.read('ledger', 0)).toEqual([]);
    });
  });
}
