import { expect, test } from 'vitest';
import type { Boot } from '../../engine/domain/journals.ts';
import { patience } from '../../engine/policy/hosts.ts';
import { type Knowledge, misfit, ranking, spread } from '../../engine/policy/ranking.ts';
import { standardOffers } from '../fakes/marketplace.ts';

const offers = standardOffers(20);
const known: Knowledge = {
  memory: new Map(),
  boots: new Map(),
  byHost: new Map(),
  image: null,
  downloadGb: 0,
  racers: 1,
  terms: new Map(),
  now: 0,
};
let starts = 0;
const boot = (ms: number, stage: Boot['stage'] = 'booting'): Boot => ({
  at: 0,
  machine: `m${starts++}`,
  marketplace: 'fake',
  physical: 'p1',
  host: 'h',
  image: '',
  stage,
  ms,
  ok: true,
  why: '',
});

test('of two marketplaces the race takes from both where one lets machines leave slowly', () => {
  const mixed = offers.map((offer, i) => ({
    ...offer,
    marketplace: i % 2 === 0 ? 'vast' : 'runpod',
    dollarsPerHour: i % 2 === 0 ? 0.3 : 0.301,
  }));
  const terms = new Map([['vast', { createEveryMs: 4_650, imageGb: 0, ownNetwork: true }]]);
  const names = (of: Knowledge['terms']): readonly string[] =>
    spread(ranking(mixed, known), [], 4, of).map(({ marketplace }) => marketplace);
  expect(names(terms).filter((name) => name === 'vast').length).toBeLessThanOrEqual(2);
  expect(names(terms)).toContain('vast');
});

test('a host whose bandwidth is dear loses against one that is dearer by the hour, where images are pulled', () => {
  const [one, other] = offers;
  const dear = { ...one!, marketplace: 'vast', dollarsPerHour: 0.3, dollarsPerGbDown: 0.02 };
  const cheap = {
    ...other!,
    marketplace: 'vast',
    dollarsPerHour: 0.35,
    dollarsPerGbDown: 0,
    reliability: one!.reliability,
  };
  const terms = new Map([['vast', { createEveryMs: 0, imageGb: 5.5, ownNetwork: true }]]);
  expect(ranking([dear, cheap], known)[0]!.offer).toBe(dear);
  expect(ranking([dear, cheap], { ...known, terms })[0]!.offer).toBe(cheap);
});

test('a machine that renters complained of is expected to fail more often, and the list says so', () => {
  const [one] = offers;
  const good = { ...one!, machine: 'good' };
  const bad = { ...good, id: 'o99', machine: 'bad', dollarsPerHour: good.dollarsPerHour - 0.01, reports: 4 };
  const [first, second] = ranking([bad, good], known);
  expect(first?.offer).toBe(good);
  expect(second?.why).toContain('renters complained 4×');
  const starts = Array.from({ length: 40 }, () => ({ ...boot(60_000), physical: 'bad' }));
  const proved = ranking([bad, good], { ...known, boots: new Map([[`${bad.marketplace}/bad`, starts]]) });
  expect(proved[0]?.offer, 'our own starts say more').toBe(bad);
});

test('a machine that failed lately comes behind all others, with the reason, and is taken when nothing else is left', () => {
  const [one, two] = offers;
  const bad = { ...one!, machine: 'bad', host: 'x', dollarsPerHour: 0.1 };
  const dear = { ...two!, dollarsPerHour: 2 };
  const boots = new Map([[`${bad.marketplace}/bad`, [{ ...boot(4_000), ok: false, why: 'its GPU is dead' }]]]);
  const ranked = ranking([bad, dear], { ...known, boots, now: 60_000 });
  expect(ranked.map(({ offer }) => offer)).toEqual([dear, bad]);
  expect(ranked[1]?.why).toMatch(/^passed over: its last start failed: its GPU is dead; /);
  expect(spread(ranked, [], 1)).toEqual([dear]);
  expect(spread(ranked, [], 2)).toEqual([dear, bad]);
});

test('a line that was measured comes before what its marketplace says of it', () => {
  const [one] = offers;
  const boasts = { ...one!, id: 'a', machine: 'boasts', downMbps: 5_000 };
  const honest = { ...one!, id: 'b', machine: 'honest', downMbps: 800 };
  const boots = new Map([[`${boasts.marketplace}/boasts`, [{ ...boot(5_000, 'installing'), mbps: 40 }]]]);
  expect(ranking([boasts, honest], { ...known, downloadGb: 7, boots })[0]?.offer).toBe(honest);
});

test('the more of them race, the less dear bandwidth may be: each pulls, and one alone is paid by the hour', () => {
  const [one, other] = offers;
  const free = { ...one!, marketplace: 'vast', dollarsPerHour: 0.36, dollarsPerGbDown: 0 };
  const cheap = {
    ...other!,
    marketplace: 'vast',
    dollarsPerHour: 0.3,
    dollarsPerGbDown: 0.006,
    reliability: one!.reliability,
  };
  const terms = new Map([['vast', { createEveryMs: 0, imageGb: 5.5, ownNetwork: true }]]);
  const first = (racers: number) => ranking([free, cheap], { ...known, terms, racers })[0]!.offer;
  expect(first(1)).toBe(cheap);
  expect(first(5)).toBe(free);
});

test.each([
  ['nothing is known', [], [], 90_000],
  ['two starts are too few', [boot(20_000), boot(20_000)], [], 90_000],
  ['three of four of its own starts', [10, 20, 30, 40].map((s) => boot(s * 1_000)), [], 30_000],
  ['its marketplace, while it is new', [], Array.from({ length: 8 }, (_, i) => boot((i + 1) * 10_000)), 60_000],
  ['not less than a sixth of a round', [1, 1, 1].map((ms) => boot(ms)), [], 15_000],
  ['not more than a round', [9, 9, 9].map((h) => boot(h * 3_600_000)), [], 90_000],
  ['other stages say nothing of it', [1, 2, 3].map((ms) => boot(ms, 'restoring')), [], 90_000],
] as const)('how long a start is waited for: %s', (_, own, market, ms) => {
  expect(patience(own, market, 90_000)).toBe(ms);
});

test('a marketplace that does not say how fast its hosts are is judged as one with ordinary lines', () => {
  const [first] = offers;
  const fast = { ...first!, id: 'fast', downMbps: 800 };
  const silent = { ...first!, id: 'silent', downMbps: null };
  const slow = { ...first!, id: 'slow', downMbps: 20 };
  const ranked = ranking([slow, fast, silent], { ...known, downloadGb: 7 });
  expect(ranked.map(({ offer }) => offer.id)).toEqual(['fast', 'silent', 'slow']);
});

test('who asks for a fast line still sees those whose speed nobody knows, and none that is slower', () => {
  const [first] = offers;
  const speeds = [null, 20, 800].map((downMbps) => misfit({ ...first!, downMbps }, { downMbpsMin: 500 }));
  expect(speeds).toEqual([null, 'slower than 500 Mbit/s', null]);
});
