import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Boot, Charge, Journal, Journals } from '../../engine/domain/journals.ts';
import { type AccountSums, paidFor } from '../../engine/domain/ledger.ts';

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
    id: 'm1/1',
    workspace: 'lab',
    owner: 'ana',
    machine: 'm1',
    race: null,
    for: 'gpu',
    source: 'metered',
    micro: 400_000,
    from: Date.UTC(2026, 7, 3) - 3_600_000,
    until: Date.UTC(2026, 7, 3),
    settles: null,
    marketMicro: null,
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
          world.journals.append('ledger', aCharge({ id: `m${n}`, micro: n, at: n * 86_400_000 })),
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
    test('add the ledger up by day, to the micro-dollar, whatever comes twice, late or after a restart', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof({ weight: 8, arbitrary: charges }, fc.constant('again'))), async (steps) => {
          await using world = await open();
          let { journals } = world;
          const entered = new Map<string, Charge>();
          for (const step of steps) {
            if (step === 'again') journals = await world.reopened();
            else {
              // Under one name it is always the same entry.
              const charge = entered.get(step.id) ?? step;
              entered.set(charge.id, charge);
              await journals.append('ledger', charge);
            }
            expect(await totals(journals, {})).toEqual(expected([...entered.values()], () => true));
          }
          const lab = { workspace: 'lab' };
          expect(await totals(journals, lab)).toEqual(
            expected([...entered.values()], (one) => one.workspace === 'lab'),
          );
        }),
        { numRuns: 25, seed: 8 },
      );
    });

    test('show each entry of the ledger once, of one workspace or of all', async () => {
      await using world = await open();
      const names = ['lab', 'la', 'say "lab"', 'lab'];
      for (const [n, workspace] of names.entries())
        await world.journals.append('ledger', aCharge({ id: `m${n}`, workspace, at: Date.UTC(2026, 7, n + 1) }));
      const journals = await world.reopened();
      await journals.append('ledger', aCharge({ id: 'm3', at: Date.UTC(2026, 7, 4) }));
      const ids = async (wanted: Parameters<Journals['charges']>[0]): Promise<string[]> => {
        const found: string[] = [];
        for await (const { id } of journals.charges(wanted)) found.push(id);
        return found;
      };
      expect(await ids({ since: 0 })).toEqual(['m0', 'm1', 'm2', 'm3']);
      expect(await ids({ since: 0, workspace: 'lab' })).toEqual(['m0', 'm3']);
      expect(await ids({ since: Date.UTC(2026, 7, 2), workspace: 'lab' })).toEqual(['m3']);
    });

    test('put an entry on the days that it spans, and take back the same', async () => {
      await using world = await open();
      const [from, until] = [Date.UTC(2026, 7, 1, 18), Date.UTC(2026, 7, 3, 12)];
      const charge = aCharge({ micro: 1_000_001, from, until, marketMicro: 2_000_000 });
      await world.journals.append('ledger', charge);
      const day = (of: number, micro: number, ms: number, marketMicro: number) => ({
        day: Date.UTC(2026, 7, of),
        for: 'gpu',
        meteredMicro: micro,
        settledMicro: 0,
        chargedMicro: 0,
        ms: ms * 3_600_000,
        marketMicro,
        marketMs: ms * 3_600_000,
      });
      const days = [day(1, 142_857, 6, 285_714), day(2, 571_429, 24, 1_142_857), day(3, 285_715, 12, 571_429)];
      expect(await sumsOf(world.journals)).toEqual([{ workspace: 'lab', owner: 'ana', days }]);
      await world.journals.append('ledger', { ...charge, id: 'm1/1-1', micro: -1_000_001, settles: 'm1/1' });
      await world.journals.append('ledger', aCharge({ id: 'x', owner: 'joao', source: 'charged', micro: 7 }));
      const [ana, joao] = await sumsOf(await world.reopened());
      expect(ana?.days.map(paidFor)).toEqual([0, 0, 0]);
      expect(ana?.days.map(({ ms }) => ms)).toEqual(days.map(({ ms }) => ms));
      expect(joao?.days.map(paidFor)).toEqual([0, 7].slice(1));
    });
  });
}

const HOUR = 3_600_000;

const charges = fc
  .record({
    id: fc.constantFrom(...'abcdefghijkl'),
    at: fc.integer({ min: 0, max: 70 * 24 }).map((hour) => Date.UTC(2026, 6, 20) + hour * HOUR),
    workspace: fc.constantFrom('lab', 'la', 'train'),
    owner: fc.constantFrom('ana', 'joao'),
    micro: fc.integer({ min: -3_000_000, max: 3_000_000 }),
    hours: fc.integer({ min: 0, max: 80 }),
    source: fc.constantFrom('metered' as const, 'charged' as const),
    for: fc.constantFrom('gpu' as const, 'storage' as const),
    settles: fc.constantFrom(null, 'a'),
  })
  .map(({ hours, settles, ...rest }) =>
    aCharge({
      ...rest,
      settles: rest.source === 'metered' ? settles : null,
      from: rest.at - hours * HOUR,
      until: rest.at,
    }),
  );

async function sumsOf(journals: Journals, workspace: { readonly workspace?: string } = {}): Promise<AccountSums[]> {
  const accounts: AccountSums[] = [];
  for await (const account of journals.sums({ from: 0, until: Number.POSITIVE_INFINITY, ...workspace }))
    accounts.push(account);
  return accounts;
}

async function totals(journals: Journals, workspace: { readonly workspace?: string }): Promise<Record<string, number>> {
  const accounts = await sumsOf(journals, workspace);
  return Object.fromEntries(
    accounts.map(({ workspace: name, owner, days }) => [
      `${name} ${owner}`,
      days.reduce((sum, day) => sum + paidFor(day), 0),
    ]),
  );
}

function expected(entered: readonly Charge[], is: (charge: Charge) => boolean): Record<string, number> {
  const accounts = Map.groupBy(entered.filter(is), ({ workspace, owner }) => `${workspace} ${owner}`);
  return Object.fromEntries([...accounts].map(([name, some]) => [name, some.reduce((sum, one) => sum + one.micro, 0)]));
}
