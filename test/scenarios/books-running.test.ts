import fc from 'fast-check';
import { expect, test } from 'vitest';
import { intend } from '../../engine/domain/lifecycle.ts';
import { notYetEntered } from '../../engine/money/not-yet-entered.ts';
import { bookkeeper, NO_ORDER, ofMachines, once, shop } from '../fakes/shop.ts';
import { MINUTE, SECOND } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const which = fc.integer({ min: 1, max: 4 });
const step = fc.oneof(
  fc.record({ does: fc.constant('rent' as const), works: fc.boolean(), kind: fc.constantFrom('gpu', 'cpu') }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: SECOND, max: 60 * HOUR }) }),
  fc.record({ does: fc.constant('pause' as const), which }),
  fc.record({ does: fc.constant('resume' as const), which }),
  fc.record({ does: fc.constant('carry' as const), which, down: fc.nat(30e9), up: fc.nat(5e9) }),
  fc.record({ does: fc.constant('end' as const), which }),
  fc.constant({ does: 'bill' as const }),
  fc.constant({ does: 'book' as const }),
  fc.record({ does: fc.constant('crash' as const), after: fc.nat(6) }),
);

test('while machines run, what is entered and what is not yet adds up to what was billed until now', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), fc.nat(2 * DAY), async (steps, late) => {
      const { clock, store, journals, marketplace, counters, ports } = await shop();
      // What it shows of traffic is never late: then nothing travels where its bill is.
      const lagMs = late < DAY ? 0 : late;
      let [rented, billed] = [0, false];
      const { book, crash } = bookkeeper(journals, ports);
      delete marketplace.charges; // nobody shows a bill yet
      const began = clock.now();
      const look = async (): Promise<void> => {
        await book();
        const rows = new Map((await store.list('workspaces')).map((row) => [row.id, row]));
        const live = await notYetEntered(rows, ports);
        const sum = (some: readonly { readonly micro: number }[]): number =>
          some.reduce((all, { micro }) => all + micro, 0);
        const entries = ofMachines(journals);
        const bill = [...marketplace.bill().values()].reduce((all, micro) => all + micro, 0);
        // Traffic is entered by the cent, and a bill names all of it.
        const owed = billed && lagMs === 0 ? 0 : await untold(store, counters);
        const known = sum(entries) + sum(live.filter(({ machine }) => machine !== null)) + owed;
        const rounded = entries.length + live.length + 2 * rented;
        expect(Math.abs(known - bill), `${known} of ${bill}`).toBeLessThanOrEqual(rounded);
        const stored = (some: typeof live) => sum(some.filter(({ for: purpose }) => purpose === 'storage'));
        const storage = stored(once(journals)) + stored(live);
        expect(Math.abs(storage - ((clock.now() - began) / DAY) * 15_000)).toBeLessThanOrEqual(
          once(journals).length + 1,
        );
      };
      for (const one of steps) {
        const row = 'which' in one ? await store.read('machines', `m${one.which}`) : null;
        if (one.does === 'rent') {
          const [offer] = await marketplace.offers(one.kind === 'cpu' ? { kind: 'cpu' } : {});
          rented += 1;
          const label = `l${rented}`;
          const instance = await marketplace.rent(offer!, { ...NO_ORDER, label }, async () => undefined);
          const origin = { id: `m${rented}`, workspace: 'lab', race: null, label, marketplace: 'fake', offer: offer! };
          const entered = one.works ? { running: clock.now() } : {};
          const fresh = { ...intend(origin, '', clock.now()), instance, departedAt: clock.now(), entered };
          await store.save('machines', { ...fresh, state: one.works ? 'running' : 'booting' });
        } else if (one.does === 'wait') await clock.advance(one.ms);
        else if (one.does === 'pause' && row?.state === 'running') {
          await book(); // what its cards counted is heard before they begin anew
          await marketplace.stop(row.instance ?? '');
          await store.save('machines', { ...row, state: 'paused', since: clock.now() });
        } else if (one.does === 'resume' && row?.state === 'paused') {
          await marketplace.start(row.instance ?? '');
          counters.set(row.id, { receivedBytes: 0, sentBytes: 0 });
          await store.save('machines', { ...row, state: 'running', since: clock.now() });
        } else if (one.does === 'carry' && row?.state === 'running' && lagMs === 0) {
          await clock.advance(SECOND); // nothing travels in no time
          const { receivedBytes = 0, sentBytes = 0 } = counters.get(row.id) ?? {};
          counters.set(row.id, { receivedBytes: receivedBytes + one.down, sentBytes: sentBytes + one.up });
          const { down, up } = marketplace.traffic.get(row.instance ?? '') ?? { down: 0, up: 0 };
          marketplace.traffic.set(row.instance ?? '', { down: down + one.down, up: up + one.up });
        } else if (one.does === 'end' && row && row.state !== 'gone') {
          await book();
          marketplace.take(row.instance ?? '');
          await store.save('machines', { ...row, state: 'gone', billedUntil: clock.now() });
        } else if (one.does === 'bill') {
          marketplace.showBill(lagMs);
          billed = true;
        } else if (one.does === 'crash') {
          await crash(one.after);
        } else if (one.does === 'book') await look();
      }
      await look();
    }),
    { numRuns: 200, seed: 8 },
  );
});

/** What travelled of machines that still run, and is less than a cent beyond what is entered. */
async function untold(
  store: Awaited<ReturnType<typeof shop>>['store'],
  counters: Awaited<ReturnType<typeof shop>>['counters'],
): Promise<number> {
  const bills = await store.list('bills');
  return bills.reduce((sum, { id, endedAt, traffic }) => {
    const now = counters.get(id);
    if (endedAt !== null || !now) return sum;
    const more = (bytes: number, last: number, at: number): number => bytes + (at >= last ? at - last : at);
    const bytes =
      more(traffic.down.bytes, traffic.down.last, now.receivedBytes) +
      more(traffic.up.bytes, traffic.up.last, now.sentBytes);
    return sum + Math.round((bytes / 1e9) * 0.01 * 1e6) - traffic.micro;
  }, 0);
}
