import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginStory, told } from '../../bot/panels/story.ts';
import { eventWords } from '../../engine/cli/event-words.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { MICRO } from '../../engine/domain/money.ts';
import type { EventJson } from '../../engine/http/json/event.ts';
import { toldJson } from '../../engine/http/json/event.ts';
import { createMetrics } from '../../engine/process/metrics.ts';
import { awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
const QUICK = { money: { readMs: 15 * MINUTE, settleMs: 2 * HOUR } };

test('what a race wasted is one figure at every door, as the ledger has it, before and after the marketplace billed it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        startMs: fc.nat(24 * HOUR),
        lagMs: fc.nat(MINUTE),
        down: fc.nat(20e9),
        billed: fc.boolean(),
        waitMs: fc.integer({ min: 10 * MINUTE, max: 4 * HOUR }),
      }),
      async ({ startMs, lagMs, down, billed, waitMs }) => {
        const w = new World(QUICK);
        await w.clock.advance(startMs);
        w.marketplace.listLagMs = lagMs;
        w.marketplace.onRent = ({ instance }) => w.marketplace.traffic.set(instance, { down, up: 0 });
        if (billed) w.marketplace.showBill(5 * MINUTE);
        const { engine, stop } = await awake(w);
        await w.clock.advance(waitMs);
        await stop();

        const [race] = await w.store.list('races');
        const ledger = new Map(w.journals.entries.ledger.map((one) => [one.id, one])).values();
        const waste = [...ledger].reduce(
          (sum, { for: purpose, micro }) => (purpose === 'waste' ? sum + micro : sum),
          0,
        );
        expect(waste, 'four lost').toBeGreaterThan(0);
        const period = { from: 0, until: w.clock.now() + 24 * HOUR };
        const savings = await engine.savings({
          workspace: null,
          user: null,
          period,
          baseline: { kind: 'offer' },
          by: 'race',
        });
        const talks = w.told.filter((talk) => talk.event === 'race.counted');
        const metrics = createMetrics(w.clock);
        metrics.watch(engine);
        const { body } = await metrics.text();
        const [, metric] = /dumont_month_dollars\{for="waste"\} (\S+)/.exec(body) ?? [];
        const panel = w.told.map(asTold).reduce(told, beginStory(0));
        expect({
          row: race?.outcome,
          told: talks.at(-1)?.wasteMicro,
          race: savings.rows.find(({ key }) => key === race?.id)?.paidFor.waste,
          total: savings.total.paidFor.waste,
          metric: Math.round(Number(metric) * MICRO),
          panel: panel.waste,
        }).toEqual({
          row: expect.objectContaining({ wasteMicro: waste, counted: true }),
          told: waste,
          race: waste,
          total: waste,
          metric: waste,
          panel: { race: race?.id, micro: waste, counted: true },
        });
      },
    ),
    { numRuns: 12, seed: 8 },
  );
});

test('until its last loser is in the books, what it wasted is said as about so much', async () => {
  const w = new World();
  w.marketplace.destroyFails = true;
  const { stop } = await awake(w);
  const about = (await w.store.list('races'))[0]?.outcome;
  expect(about).toMatchObject({ counted: false });
  expect(w.told.some(({ event }) => event === 'race.counted')).toBe(false);
  const ended = w.told.find((talk) => talk.event === 'race.ended');
  expect(eventWords(toldJson(asTold(ended!)) as EventJson)).toContain('; waste about $');
  w.marketplace.destroyFails = false;
  await w.clock.advance(HOUR);
  const counted = (await w.store.list('races'))[0]?.outcome;
  expect(counted).toMatchObject({ counted: true });
  expect(counted?.wasteMicro, 'they cost on while they went').toBeGreaterThan(about?.wasteMicro ?? 0);
  await stop();
});

const asTold = ({ event, workspace, ...facts }: Talk, number = 0) => ({ number, at: SECOND, event, workspace, facts });
