import { afterEach, expect, test } from 'vitest';
import type { Who } from '../../engine/domain/account.ts';
import type { Charge } from '../../engine/domain/journals.ts';
import { DAY_MS } from '../../engine/domain/ledger.ts';
import type { Period, SavingsWanted } from '../../engine/domain/savings.ts';
import { engineFor } from '../../engine/guard.ts';
import { aCharge } from '../contracts/journals.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { ANA, awake, MINUTE, type RunningEngine, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
let running: RunningEngine | null = null;
afterEach(async () => await running?.stop());

async function books(w: World, ...charges: readonly Partial<Charge>[]) {
  for (const [i, charge] of charges.entries()) await w.journals.append('ledger', aCharge({ id: `c${i}`, ...charge }));
  running = await w.start();
  return running.engine;
}
const wanted = (period: Period, over: Partial<SavingsWanted> = {}): SavingsWanted => ({
  workspace: null,
  user: null,
  period,
  baseline: { kind: 'offer' },
  by: 'workspace',
  ...over,
});
const lastDays = (w: World, days: number): Period => {
  const until = Math.floor(w.clock.now() / DAY_MS) * DAY_MS;
  return { from: until - days * DAY_MS, until };
};

test('who slept for half a year is priced by the machine it last ran on', async () => {
  const w = new World();
  const began = w.clock.now();
  await w.store.save('workspaces', aWorkspace({ id: 'lab', owner: 'ana', createdAt: began }));
  await w.clock.advance(180 * DAY_MS);
  const { from, until } = lastDays(w, 10);
  const ran = { from: began, until: began + 2 * HOUR, at: began + 2 * HOUR, micro: 1_000_000 };
  const engine = await books(w, ran, { for: 'storage', machine: null, from, until, at: until, micro: 700 });
  const { total } = await engine.savings(wanted({ from, until }));
  expect(total.baselineMicro).toBe(10 * 24 * 500_000);
  expect(total.savedMicro).toBe(10 * 24 * 500_000 - 700);
  expect(total.notCompared.ms).toBe(0);
});

test('the books of a workspace that is no more are shown to whoever paid it, and to nobody else', async () => {
  const w = new World();
  await w.clock.advance(2 * DAY_MS);
  const { from, until } = lastDays(w, 2);
  const engine = await books(w, { workspace: 'gone', owner: 'ana', from, until: from + HOUR, at: until });
  const as = (name: string, role: Who['role'] = 'operator') =>
    engineFor({ name, role, workspaces: null, by: 'account' } as unknown as Who, engine, w.store);
  const ask = wanted({ from, until }, { workspace: 'gone' });
  expect((await as('ana').savings(ask)).total.paidMicro).toBe(400_000);
  expect((await as('boss', 'admin').savings(ask)).total.paidMicro).toBe(400_000);
  await expect(as('joao').savings(ask)).rejects.toMatchObject({ code: 'no_such_workspace' });
  await engine.create('gone', {}, { by: 'joao', key: null });
  expect((await as('joao').savings(ask)).total.paidMicro, 'another workspace of that name').toBe(0);
  expect((await as('ana').savings(ask)).total.paidMicro).toBe(400_000);
});

test('a name that nobody ever had is refused, not shown as nothing', async () => {
  const w = new World();
  const period = lastDays(w, 1);
  const engine = await books(w, { owner: 'former', workspace: 'gone', ...period, at: period.until });
  await engine.create('lab', {}, ANA);
  await expect(engine.savings(wanted(period, { workspace: 'ghost' }))).rejects.toMatchObject({
    code: 'no_such_workspace',
  });
  await expect(engine.savings(wanted(period, { user: 'nobody' }))).rejects.toMatchObject({ code: 'no_such_account' });
  const paid = async (user: string) => (await engine.savings(wanted(period, { user }))).total.paidMicro;
  expect([await paid('ana'), await paid('former')]).toEqual([0, 400_000]);
});

test('a machine that its marketplace has billed while it runs is awake for all of its hours', async () => {
  const w = new World({ money: { readMs: 15 * MINUTE, settleMs: 2 * HOUR } });
  w.marketplace.showBill(HOUR);
  const { engine, machine, stop } = await awake(w);
  const { id, departedAt } = (await w.store.list('machines')).find(({ state }) => state === 'running')!;
  await w.clock.advance(10 * HOUR);
  const until = w.clock.now();
  const today = { from: 0, until: until + DAY_MS };
  const { total } = await engine.savings(wanted(today));
  expect(w.journals.entries.ledger.filter(({ source }) => source === 'charged').length).toBeGreaterThan(0);
  const ranMs = until - departedAt!;
  const cost = (machine.offer.dollarsPerHour * 1e6 * ranMs) / HOUR;
  expect(total.awakeMs).toBe(ranMs);
  expect(total.asleepMs).toBeLessThan(HOUR / 10);
  expect(Math.abs(total.paidFor.gpu - cost)).toBeLessThan(cost / 1_000);
  expect(Math.abs(total.differenceMicro), 'it charges what was metered').toBeLessThan(cost / 1_000);
  const { rows } = await engine.savings(wanted(today, { by: 'machine' }));
  expect(rows.find(({ key }) => key === id)?.awakeMs).toBe(ranMs);
  await stop();
});
