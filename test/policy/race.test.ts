import { expect, test } from 'vitest';
import { intend, type Machine } from '../../engine/domain/lifecycle.ts';
import type { Race } from '../../engine/domain/race.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { decide, type RaceSight, underCap } from '../../engine/policy/race.ts';
import { standardOffers } from '../fakes/marketplace.ts';

const offers = standardOffers(30);
const SECOND = 1_000;

/** A race whose racers are described by what differs; each started at second 0 of its round. */
function race(machines: readonly Partial<Machine>[], facts: Partial<Race> & Partial<RaceSight> = {}): RaceSight {
  const racers = machines.map((_, i) => ({
    machine: `m${i}`,
    label: `l${i}`,
    offer: offers[i]!,
    round: 1 + Math.floor(i / 5),
    at: Math.floor(i / 5) * 90 * SECOND,
  }));
  const rows = racers.map((racer, i) => {
    const origin = {
      id: racer.machine,
      workspace: 'lab',
      race: 'r',
      label: racer.label,
      marketplace: 'fake',
      offer: racer.offer,
    };
    return { ...intend(origin, 'round', racer.at), departedAt: racer.at, ...machines[i] };
  });
  const { now = 10 * SECOND, dry = false, hopeless = null, wanted = true, ...own } = facts;
  const base: Race = {
    id: 'r',
    version: 1,
    workspace: 'lab',
    operation: 'op',
    startedAt: 0,
    endedAt: null,
    plan: DEFAULTS.race,
    need: {},
    racers,
    marketDollarsPerHour: null,
    claimed: null,
    verdicts: {},
    outcome: null,
  };
  return { race: { ...base, ...own }, machines: new Map(rows.map((row) => [row.id, row])), wanted, dry, hopeless, now };
}

const booting = { state: 'booting', entered: { renting: 0, booting: 1 } } as const;
const ready = { state: 'standing-by', since: 9 * SECOND } as const;

test('a race begins with a whole batch', () => {
  expect(decide(race([])).rent).toEqual({ count: 5, round: 1 });
});

test('within a round nothing more is rented while all are on their way', () => {
  expect(decide(race([booting, booting, booting, booting, booting]))).toMatchObject({
    rent: null,
    claim: null,
    release: [],
    end: null,
  });
});

test('a machine that fell out is replaced at once, in the same round', () => {
  const sight = race([booting, booting, { state: 'releasing' }, booting, { state: 'gone' }]);
  expect(decide(sight).rent).toEqual({ count: 2, round: 1 });
});

test('when the round is over five different ones start, and those on their way stay', () => {
  const stirring = { ...booting, stirredAt: 80 * SECOND };
  const move = decide(race([stirring, stirring, stirring, stirring, stirring], { now: 90 * SECOND }));
  expect(move).toMatchObject({ rent: { count: 5, round: 2 }, release: [] });
});

test('a machine that shows no progress for half a round after its round is slow, and let go', () => {
  const move = decide(race([booting, { ...booting, stirredAt: 60 * SECOND }], { now: 91 * SECOND }));
  expect(move.release.map((one) => one.machine)).toEqual(['m0']);
});

test('the first that is ready gets the claim', () => {
  const move = decide(race([booting, { ...ready, since: 9_500 }, ready]));
  expect(move.claim).toBe('m2');
});

test('while the winner restores one runner-up may live, and the dearest losers go first', () => {
  const sight = race([{ state: 'restoring', since: 0 }, ready, booting, booting], { claimed: 'm0', now: 5 * SECOND });
  const move = decide(sight);
  expect(move.release.map((one) => one.machine)).toEqual(['m3', 'm2']);
  expect(decide({ ...sight, now: 61 * SECOND }).release.map((one) => one.machine)).toContain('m1');
});

test('a winner that fell before anybody could work on it hands the claim to the next one', () => {
  expect(decide(race([{ state: 'releasing' }, ready], { claimed: 'm0' })).claim).toBe('m1');
});

test('the race is won when somebody can work, and everybody else goes', () => {
  const move = decide(race([{ state: 'running', entered: { running: 9 } }, ready, booting], { claimed: 'm0' }));
  expect(move.end).toMatchObject({ winner: 'm0' });
  expect(move.release.map((one) => one.machine)).toEqual(['m1', 'm2']);
});

test('never more machines are billed at once than the plan allows', () => {
  const stirring = { ...booting, stirredAt: 89 * SECOND };
  const plan = { ...DEFAULTS.race, billedMax: 7 };
  expect(decide(race([stirring, stirring, stirring, stirring, stirring], { now: 90 * SECOND, plan })).rent).toEqual({
    count: 2,
    round: 2,
  });
});

test('after the last machine of the plan the race is lost, and says so', () => {
  const fallen = Array.from({ length: 15 }, () => ({ state: 'gone' }) as const);
  expect(decide(race(fallen, { now: 300 * SECOND })).end).toMatchObject({
    winner: null,
    why: 'all 15 machines of the plan were tried',
  });
});

test('when no offer is left the race waits for those on their way, and ends only without any', () => {
  expect(decide(race([booting], { dry: true })).end).toBeNull();
  expect(decide(race([{ state: 'gone' }], { dry: true })).end).toMatchObject({ winner: null });
});

test('the cap of the race stops renting', () => {
  const plan = { ...DEFAULTS.race, capMicro: 1 };
  expect(decide(race([{ state: 'gone', entered: { gone: 9_000 } }], { plan })).end?.why).toMatch(/cap/);
});

test('when nobody wants the workspace awake any more everything is let go', () => {
  const move = decide(race([booting, ready, { state: 'restoring' }], { wanted: false, claimed: 'm2' }));
  expect(move.release).toHaveLength(3);
  expect(move.end).toMatchObject({ winner: null });
});

test('a round that is over waits for a machine that answers and gets its tools', () => {
  const installing = { state: 'installing', entered: { renting: 0, booting: 1, installing: 85 * SECOND } } as const;
  expect(decide(race([installing, { state: 'gone' }], { now: 91 * SECOND })).rent).toBeNull();
  const slow = decide(race([installing, { state: 'gone' }], { now: 96 * SECOND }));
  expect(slow.rent, 'and not for one whose tools come slowly').toMatchObject({ round: 2 });
});

test('what would meet every machine alike ends the race at once, in its own words', () => {
  const move = decide(race([booting, ready], { hopeless: 'the repository does not open with its password' }));
  expect(move.end).toEqual({ winner: null, why: 'the repository does not open with its password' });
  expect(move.release).toHaveLength(2);
});

const hedged = { plan: { ...DEFAULTS.race, hedged: true, batch: 3, rounds: 5 } };

test('hedged: a batch that is in time is left alone, and looked at again when the first of it is late', () => {
  const move = decide(race([booting, booting, booting], { ...hedged, now: 60 * SECOND }));
  expect(move).toMatchObject({ rent: null, release: [], waitMs: 30 * SECOND });
});

test('hedged: for each that is later than its host usually is another starts, and the late ones stay', () => {
  const stirring = { ...booting, stirredAt: 90 * SECOND };
  const sight = race([stirring, booting, booting], { ...hedged, now: 40 * SECOND });
  const patient = sight.race.racers.map((racer, i) => ({ ...racer, patienceMs: [30, 120, 120][i]! * SECOND }));
  expect(decide({ ...sight, race: { ...sight.race, racers: patient } })).toMatchObject({
    rent: { count: 1, round: 2 },
    release: [],
  });
});

test('hedged: one that waits for its turn at the marketplace is not late', () => {
  const queued = { state: 'renting', departedAt: null } as const;
  expect(decide(race([queued, queued, queued], { ...hedged, now: 80 * SECOND })).rent).toBeNull();
});

test('hedged: nobody is added beside a machine that answers already', () => {
  const almost = { state: 'installing', entered: { renting: 0, booting: 1, installing: 170 * SECOND } } as const;
  expect(decide(race([almost, booting, booting], { ...hedged, now: 175 * SECOND })).rent).toBeNull();
});

test('machines that were let go count as billed until they are gone, and the race waits for their room', () => {
  const plan = { ...DEFAULTS.race, batch: 5, rounds: 10, billedMax: 6 };
  const going = { state: 'releasing' } as const;
  expect(decide(race([going, going, going, going, booting], { plan })).rent).toEqual({ count: 1, round: 1 });
  const full = decide(race([going, going, going, going, going, going], { plan }));
  expect(full).toMatchObject({ rent: null, end: null });
  const gone = { state: 'gone' } as const;
  expect(decide(race([gone, gone, gone, gone, gone, going], { plan })).rent).toMatchObject({ count: 5 });
});

test('what hosts pull for the machines of a race counts towards its cap', () => {
  const sight = race([booting]);
  const [racer] = sight.race.racers;
  const dear = { ...racer!, offer: { ...racer!.offer, dollarsPerGbDown: 0.5 }, pullGb: 5 };
  expect(decide({ ...sight, race: { ...sight.race, racers: [dear] } })).toMatchObject({
    rent: null,
    why: 'the cap of $2.00 for one wake is reached',
  });
});

test('one offer that is too dear for the cap excludes none behind it', () => {
  const sight = race([], { plan: { ...DEFAULTS.race, capMicro: 20_000 } });
  const priced = [0.3, 40, 0.3, 0.3].map((dollarsPerHour, i) => ({ ...offers[i]!, dollarsPerHour }));
  expect(underCap(sight, priced, () => 0)).toEqual([priced[0], priced[2]]);
});

test('a machine on its way keeps its round of the cap, and frees what is left of it once it is gone', () => {
  const plan = { ...DEFAULTS.race, capMicro: 20_000 };
  const priced = [{ ...offers[9]!, dollarsPerHour: 0.3 }];
  const fits = (machines: readonly Partial<Machine>[]) => underCap(race(machines, { plan }), priced, () => 0).length;
  expect(fits([booting])).toBe(1);
  expect(fits([booting, booting])).toBe(0);
  expect(fits([{ state: 'renting', departedAt: null }, booting])).toBe(0);
  expect(fits([booting, { state: 'gone', entered: { renting: 0, gone: 5 * SECOND } }])).toBe(1);
});
