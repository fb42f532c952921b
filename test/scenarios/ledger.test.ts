import { expect, test } from 'vitest';
import type { MicroDollars } from '../../engine/domain/money.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('the ledger charges a machine from the call that created it to the first list without it', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  for (const [machine, micro] of bills(w)) {
    const charged = ledger(w, machine);
    expect(charged).toBeGreaterThanOrEqual(micro);
    expect(charged - micro, 'no more than the seconds until the first look').toBeLessThan(10 * perSecond(w, machine));
  }
  await stop();
});

test('a machine that no list shows yet is not taken for one that has ended', async () => {
  const w = new World();
  w.marketplace.listLagMs = 50 * SECOND;
  const one = await w.start();
  await one.engine.create('lab', {}, ANA);
  await one.engine.wake('lab', {}, ANA);
  await w.clock.advance(SECOND);
  await one.engine.hibernate('lab', {}, ANA);
  const list = w.marketplace.list.bind(w.marketplace);
  let lists = 0;
  w.marketplace.list = async () => {
    lists += 1;
    if (lists <= 5) return await list();
    await w.clock.sleep(5 * MINUTE, new AbortController().signal); // the answers come late, from after its end
    return await list();
  };
  await w.clock.advance(55 * SECOND);
  for (const { instance } of w.marketplace.machines.values()) w.marketplace.take(instance);
  await w.clock.advance(20 * MINUTE);
  for (const [machine, micro] of bills(w)) expect(ledger(w, machine)).toBeGreaterThanOrEqual(micro);
  await one.stop();
});

test('time before a pause is in the ledger too', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await want(w, 'paused');
  await w.clock.advance(10 * MINUTE);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(ledger(w, machine.instance)).toBeGreaterThanOrEqual(bills(w).get(machine.instance) ?? 0);
  await stop();
});

test('a machine that comes back after it was counted as lost is charged without a gap', async () => {
  for (const awayMs of [2 * MINUTE, 10 * MINUTE]) {
    const w = new World();
    const { machine, stop } = await awake(w);
    machine.write('workspace/a', 'only here');
    w.marketplace.vanish(machine.instance);
    await w.clock.advance(awayMs + 10 * SECOND);
    w.marketplace.comeBack(machine.instance);
    await w.clock.advance(20 * MINUTE);
    expect(machine.destroyed).toBe(true);
    expect(ledger(w, machine.instance)).toBeGreaterThanOrEqual(bills(w).get(machine.instance) ?? 0);
    const charges = w.journals.entries.ledger.filter((charge) =>
      ofMachine(w, machine.instance).has(charge.machine ?? ''),
    );
    expect(new Set(charges.map((charge) => charge.for)), 'somebody worked on it').toEqual(new Set(['gpu']));
    await stop();
  }
});

async function want(w: World, wanted: 'paused'): Promise<void> {
  const row = await w.store.read('workspaces', 'lab');
  if (row) await w.store.save('workspaces', { ...row, wish: { ...row.wish, want: wanted, at: w.clock.now() } });
}

const bills = (w: World): ReadonlyMap<string, MicroDollars> =>
  new Map([...w.marketplace.bill()].filter(([instance]) => w.marketplace.machines.get(instance)?.destroyed));

const ofMachine = (w: World, instance: string): ReadonlySet<string> =>
  new Set([...w.store.rows('machines').values()].filter((row) => row.instance === instance).map((row) => row.id));

function ledger(w: World, instance: string): MicroDollars {
  const mine = ofMachine(w, instance);
  return w.journals.entries.ledger
    .filter((charge) => mine.has(charge.machine ?? ''))
    .reduce((sum, charge) => sum + charge.micro, 0);
}

const perSecond = (w: World, instance: string): MicroDollars =>
  ((w.marketplace.machines.get(instance)?.offer.dollarsPerHour ?? 0) * 1e6) / 3600;
