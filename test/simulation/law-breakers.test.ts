import { beforeAll, expect, test } from 'vitest';
import { LAW_BREAKERS } from './law-breakers.ts';
import { live, type Plan } from './life.ts';
import { LIVES } from './run.ts';
import { census, plansFor } from './schedule.ts';

/** A law-breaker that goes unseen for this many lives shows that the simulation is blind. */
const LIVES_MAX = 300;
/** Spreads the lives that are tried over the whole schedule. */
const STRIDE = 37;

let plans: readonly Plan[];

beforeAll(async () => {
  process.on('unhandledRejection', () => undefined);
  plans = plansFor(await census(), LIVES);
}, 60_000);

test('there are at least twenty', () => {
  expect(Object.keys(LAW_BREAKERS).length).toBeGreaterThanOrEqual(20);
});

test.each(Object.entries(LAW_BREAKERS))(
  'an engine that %s is caught',
  { timeout: 60_000 },
  async (_, { laws, breach }) => {
    for (let i = 0; i < LIVES_MAX; i += 1) {
      const { broken } = await live(plans[(i * STRIDE) % plans.length]!, { breach });
      if (!broken) continue;
      expect(laws, broken.say).toContain(broken.law);
      return;
    }
    expect.fail(`nobody saw it in ${LIVES_MAX} lives`);
  },
);

test('the same seed lives the same life', async () => {
  for (const seed of [7, 4711]) {
    const stories = [await live(plans[seed]!, { tracing: true }), await live(plans[seed]!, { tracing: true })];
    expect(stories[0]?.story.length).toBeGreaterThan(50);
    expect(stories[1]?.story).toEqual(stories[0]?.story);
  }
});
