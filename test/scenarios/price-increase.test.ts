import { expect, test } from 'vitest';
import { atVast } from '../fakes/at-vast.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';
import { readTraps } from '../standins/vast/traps.ts';

const HOUR = 60 * MINUTE;

/** Awake on a machine of the vast stand-in whose rental ends after three hours, and at whose host prices rise by a quarter. */
async function raised(w: World, dollarsPerHourMax?: number, traps = readTraps(['price-increase'])) {
  const boot = () => ({ loadingMs: 20_000, sshMs: 1_000, cached: false, fate: 'well' }) as const;
  const vast = atVast(w, { seed: 'raised', machines: 60, boot, traps, termMs: 3 * HOUR });
  const running = await w.start(vast.change);
  await running.engine.create('lab', { need: { gpu: 'RTX 4090', dollarsPerHourMax } }, ANA);
  await running.engine.wake('lab', {}, ANA);
  await running.engine.keep('lab', { forMs: 8 * HOUR, why: 'training' }, ANA);
  await w.clock.advance(4 * MINUTE);
  const id = (await running.engine.status('lab'))[0]!.machine!.instance!;
  const rental = vast.account.rentals.find((one) => String(one.id) === id)!;
  return { ...running, rental, machine: vast.machines.get(Number(id))!, endsAt: rental.terms[0]!.until };
}

const alerts = (w: World, event: 'alert.raised' | 'alert.resolved') =>
  w.told.filter((talk) => talk.event === event).map((talk) => ('kind' in talk ? talk.kind : ''));

test('more than anybody said they pay is told at once and never paid: saved and let go before the rental ends', async () => {
  const w = new World();
  const { engine, rental, machine, endsAt, stop } = await raised(w);
  await w.clock.advance(20 * MINUTE);
  expect(alerts(w, 'alert.raised')).toEqual(['price_refused']);
  const told = w.told.find((talk) => talk.event === 'alert.raised');
  expect(told && 'why' in told && told.why).toMatch(
    /its host wants \$0\.\d\d\/h instead of \$0\.\d\d\/h from \d\d:\d\d UTC on/,
  );
  machine.write('workspace/a', 'the only copy');
  await w.clock.advance(endsAt - w.clock.now() - 45 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await w.clock.advance(35 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
  expect(rental.endedAt).toBeLessThan(endsAt);
  const kept = [...w.storage.repository('lab').values()].map(({ files }) => files.get('workspace/a')?.content);
  expect(kept).toContain('the only copy');
  await w.clock.advance(20 * MINUTE);
  expect(alerts(w, 'alert.resolved')).toEqual(['price_refused']);
  await stop();
});

test('within its cap it is agreed to, told, and in the figures from that moment on', async () => {
  const w = new World();
  const { engine, rental, endsAt, stop } = await raised(w, 2);
  const dollarsPerHour = async () => (await engine.status('lab'))[0]!.machine!.offer.dollarsPerHour;
  const before = await dollarsPerHour();
  await w.clock.advance(20 * MINUTE);
  expect(alerts(w, 'alert.raised')).toEqual(['price_raised']);
  expect(rental.raise?.state).toBe('accepted');
  await w.clock.advance(endsAt - w.clock.now() - MINUTE);
  expect(await dollarsPerHour()).toBe(before);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(await dollarsPerHour()).toBeCloseTo(before + rental.terms[0]!.price / 4, 4);
  await stop();
});

test('a cap that is raised in time is a yes', async () => {
  const w = new World();
  const { engine, endsAt, stop } = await raised(w);
  await w.clock.advance(20 * MINUTE);
  await engine.configure('lab', { need: { gpu: 'RTX 4090', dollarsPerHourMax: 2 } }, ANA);
  await w.clock.advance(20 * MINUTE);
  expect(alerts(w, 'alert.resolved')).toEqual(['price_refused']);
  await w.clock.advance(endsAt - w.clock.now() + 10 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await stop();
});

test('a rental that just ends is told ahead; what is on it is saved before, and goes on on another machine', async () => {
  const w = new World();
  const { engine, rental, machine, endsAt, stop } = await raised(w, undefined, readTraps([]));
  await w.clock.advance(20 * MINUTE);
  expect(alerts(w, 'alert.raised')).toEqual(['rental_ending']);
  expect(w.told.find(({ event }) => event === 'alert.raised')).toMatchObject({
    why: expect.stringMatching(/^its rental ends at \d\d:\d\d UTC; it is saved before/),
  });
  machine.write('workspace/a', 'the only copy');
  await w.clock.advance(endsAt - w.clock.now() - 40 * MINUTE);
  expect(rental.endedAt, 'not yet').toBeNull();
  await w.clock.advance(30 * MINUTE);
  expect(rental.endedAt).toBeLessThan(endsAt);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(view?.machine?.instance).not.toBe(String(rental.id));
  const kept = [...w.storage.repository('lab').values()].map(({ files }) => files.get('workspace/a')?.content);
  expect(kept).toContain('the only copy');
  expect(
    w.told.some(({ event }) => event === 'machine.idle_warning'),
    'whoever works there is warned',
  ).toBe(true);
  await w.clock.advance(20 * MINUTE);
  await stop();
});
