import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, MINUTE, type RunningEngine, World } from '../fakes/world.ts';

async function wakeAndSleep({ engine }: RunningEngine, w: World): Promise<void> {
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE, () => w.told.some(({ event }) => event === 'workspace.usable'));
  await w.clock.advance(MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
}

test('the next wake leaves hosts alone that failed in the last, and the list says why', async () => {
  const w = new World();
  const running = await w.start();
  await running.engine.create('lab', {}, ANA);
  const failing = new Set<string>();
  w.marketplace.manners = (offer) => {
    if (failing.size < 3 || failing.has(offer.machine)) failing.add(offer.machine);
    return failing.has(offer.machine) ? { ...PROMPT, sshAfterMs: 4_000, gpuDead: true } : PROMPT;
  };
  await wakeAndSleep(running, w);
  const before = w.marketplace.machines.size;
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const second = [...w.marketplace.machines.values()].slice(before).map(({ offer }) => offer.machine);
  expect(second.filter((machine) => failing.has(machine))).toEqual([]);

  const { hosts, stages } = await running.engine.hosts();
  const shunned = hosts.filter(({ physical }) => failing.has(physical));
  expect(shunned).toHaveLength(3);
  for (const { passedOver } of shunned) expect(passedOver).toMatch(/^its last start failed: .*GPU/);
  const { ranked } = await running.engine.offers({}, AbortSignal.timeout(1_000));
  expect(ranked.slice(-3).map(({ offer }) => offer.machine)).toEqual(expect.arrayContaining([...failing]));
  expect(stages.booting?.p95, 'of so few starts there is none').toBeNull();
  await running.stop();
});

test('what each stage took is remembered, of a restore also how much it was; a rental that did not come about is not', async () => {
  const w = new World();
  const running = await w.start();
  await running.engine.create('lab', {}, ANA);
  const rent = w.marketplace.rent.bind(w.marketplace);
  let refused = 0;
  w.marketplace.rent = async (offer, order, depart) => {
    if (++refused > 3) return await rent(offer, order, depart);
    await depart();
    throw new Failure('offer_taken', { offer: offer.id });
  };
  await wakeAndSleep(running, w);
  expect(refused).toBeGreaterThan(3);
  const boots = await w.journals.read('boots', 0);
  expect(boots.filter(({ ok }) => !ok)).toEqual([]);
  expect(new Set(boots.map(({ stage }) => stage))).toEqual(new Set(['renting', 'booting', 'installing', 'restoring']));
  expect(boots.find(({ stage }) => stage === 'restoring')).toMatchObject({ restoredGb: 0 });
  await running.stop();
});
