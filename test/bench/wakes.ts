import type { Boot } from '../../engine/domain/journals.ts';
import type { RacePlan } from '../../engine/domain/race.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { PARTS, type Parts } from '../../engine/parts.ts';
import { decide } from '../../engine/policy/race.ts';
import { quantile } from '../../engine/policy/times.ts';
import { atVast } from '../fakes/at-vast.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';
import { costOf, sumOf } from '../standins/vast/bill.ts';
import { bootOf, type Weather } from '../standins/vast/boots.ts';
import { priceOf } from '../standins/vast/contract.ts';
import { fleetOf } from '../standins/vast/fleet.ts';
import type { Bench, Table } from './bench.ts';

const WAKES = 1_000;
const WEATHERS: readonly (readonly [string, Weather])[] = [
  ['each machine by itself', { correlated: false }],
  ['siblings are slow together', { correlated: true }],
  ['an eighth of the machines fails as often as all did', { correlated: false, lemons: true }],
];
const LIMIT_MS = 120 * MINUTE;
const { race: plan } = DEFAULTS;

interface Strategy {
  readonly plan: RacePlan;
  readonly parts?: Parts;
  /** Earlier starts that are remembered. */
  readonly remembered: number;
}

/** Gives each machine so long, progress or not, and then the next one. */
const impatient: Parts = {
  ...PARTS,
  decide: (sight) =>
    decide({ ...sight, machines: new Map([...sight.machines].map(([id, row]) => [id, { ...row, stirredAt: null }])) }),
};

const one = { ...plan, hedged: false, batch: 1, roundMs: 10 * MINUTE };
const STRATEGIES: Readonly<Record<string, Strategy>> = {
  'single start, 10 min': { plan: { ...one, rounds: 1 }, parts: impatient, remembered: 0 },
  'sequential failover, 10 min each': { plan: { ...one, rounds: 15 }, parts: impatient, remembered: 0 },
  '5 x 3 batches, 90 s (default)': { plan: { ...plan, hedged: false, batch: 5, rounds: 3 }, remembered: 0 },
  '5 x 3 batches, 300 starts remembered': { plan: { ...plan, hedged: false, batch: 5, rounds: 3 }, remembered: 300 },
  'hedged, 3 in time': { plan: { ...plan, hedged: true, batch: 3, rounds: 5 }, remembered: 0 },
  'hedged, 3 in time, 300 starts remembered': { plan: { ...plan, hedged: true, batch: 3, rounds: 5 }, remembered: 300 },
};

/** The same vast, the same mornings and the same bad machines for each way of starting one. */
export const wakes: Bench = {
  async run(say) {
    const tables: Table[] = [];
    for (const [words, weather] of WEATHERS) {
      const rows: Table['rows'][number][] = [];
      for (const [name, strategy] of Object.entries(STRATEGIES)) {
        say(`${name}, ${words}: ${WAKES} wakes`);
        rows.push(row(name, await wakeAll(strategy, weather)));
      }
      tables.push({
        title: `Asking to usable at the vast stand-in, ${WAKES} seeded wakes, ${words} (seconds; dollars until usable, per wake)`,
        columns: ['strategy', 'P50 s', 'P95 s', 'P99 s', 'never', 'cost $', 'waste $', 'machines', 'then $/h'],
        rows,
        note: verdict(rows),
      });
    }
    return tables;
  },
};

interface Wake {
  /** Null: it never became usable. */
  readonly seconds: number | null;
  readonly dollars: number;
  readonly waste: number;
  readonly machines: number;
  /** Of the machine that is kept. */
  readonly dollarsPerHour: number | null;
}

/** A few at a time, so that the event loop has something to do while one settles. */
async function wakeAll(strategy: Strategy, weather: Weather): Promise<readonly Wake[]> {
  const lanes = 8;
  const lane = async (first: number): Promise<Wake[]> => {
    const done: Wake[] = [];
    for (let seed = first; seed < WAKES; seed += lanes) done.push(await wakeOnce(seed, strategy, weather));
    return done;
  };
  return (await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)))).flat();
}

async function wakeOnce(seed: number, { plan, parts = PARTS, remembered }: Strategy, weather: Weather): Promise<Wake> {
  const w = new World({ race: plan });
  const options = { seed: `wake ${seed}`, machines: FLEET, weather };
  const vast = atVast(w, options);
  for (const boot of history(options.seed, weather, remembered, w.clock.now())) await w.journals.append('boots', boot);
  const { engine, stop } = await w.start(vast.change, parts);
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(LIMIT_MS, () => w.told.some((talk) => talk.event === 'race.ended'));
  const usable = w.told.find((talk) => talk.event === 'workspace.usable');
  const usableAt = w.clock.now();
  const winner = (await engine.status('lab'))[0]?.machine?.instance ?? null;
  await w.clock.advance(5 * MINUTE); // until the losers are gone, so that their bill is whole
  await stop();
  const { account } = vast;
  const lost = account.rentals.filter(({ id }) => String(id) !== winner);
  const won = account.rentals.find(({ id }) => String(id) === winner);
  const waste = lost.reduce((sum, rental) => sum + sumOf(costOf(account, rental)), 0);
  return {
    seconds: usable && 'ms' in usable ? usable.ms / 1_000 : null,
    dollars: waste + (won ? sumOf(costOf(account, won, 0, usableAt)) : 0),
    waste,
    machines: account.rentals.length,
    dollarsPerHour: won ? priceOf(won) : null,
  };
}

const FLEET = 160;

/** What an installation remembers that was here before: other starts on the same machines. */
function history(seed: string, weather: Weather, count: number, now: number): readonly Boot[] {
  const fleet = fleetOf(seed, FLEET);
  return Array.from({ length: count }, (_, i) => {
    const { machine_id, host_id, geolocation, quality } = fleet[(i * 7) % fleet.length]!;
    const whose = { machine: machine_id, host: host_id, region: geolocation, quality };
    const boot = bootOf(`${seed}/before/${i}`, whose, 0, weather);
    const ok = boot.fate === 'well' && boot.loadingMs < 600_000;
    return {
      at: now - (count - i) * 3_600_000,
      machine: `before${i}`,
      marketplace: 'vast',
      physical: String(machine_id),
      host: String(host_id),
      image: '',
      stage: 'booting',
      ms: Math.min(boot.loadingMs + boot.sshMs, 600_000),
      ok,
      why: ok ? 'SSH answers' : 'slow',
    } as const;
  });
}

function row(name: string, all: readonly Wake[]): (string | number)[] {
  // A wake that never ended well took longer than any that did.
  const times = all.map(({ seconds }) => seconds ?? Number.POSITIVE_INFINITY);
  const at = (share: number): number | string => {
    const value = quantile(times, share);
    return Number.isFinite(value) ? Math.round(value) : 'never';
  };
  const kept = all.flatMap(({ dollarsPerHour }) => dollarsPerHour ?? []);
  const mean = (pick: (wake: Wake) => number): number => all.reduce((sum, wake) => sum + pick(wake), 0) / all.length;
  return [
    name,
    at(0.5),
    at(0.95),
    at(0.99),
    all.filter(({ seconds }) => seconds === null).length,
    mean(({ dollars }) => dollars),
    mean(({ waste }) => waste),
    mean(({ machines }) => machines),
    kept.reduce((sum, dollars) => sum + dollars, 0) / kept.length,
  ];
}

/** The curve between waiting and paying, drawn, and where the target lies on it. */
function verdict(rows: Table['rows']): string {
  const sequential = Number(rows.find(([name]) => String(name).startsWith('sequential'))?.[5]);
  const width = Math.max(...rows.map(([name]) => String(name).length));
  const slowest = Math.max(...rows.map((row) => Number(row[2]) || 0));
  const dearest = Math.max(...rows.map((row) => Number(row[5])));
  const lines = rows.map(([name, , p95, , , cost]) => {
    const wait = typeof p95 === 'number' ? bar(p95 / slowest) : `${bar(1)}>`;
    const times = (Number(cost) / sequential).toFixed(2);
    return `  ${String(name).padEnd(width)}  P95 ${wait} ${p95} s\n  ${''.padEnd(width)}    $ ${bar(Number(cost) / dearest)} ${times} x`;
  });
  const affordable = rows.filter((row) => Number(row[5]) <= 1.5 * sequential && typeof row[2] === 'number');
  const best = affordable.toSorted((a, b) => Number(a[2]) - Number(b[2]))[0];
  const kept = `target: the default has the best P95 at no more than 1.5 x the cost of sequential failover; within that the best is "${best?.[0]}"`;
  return `${lines.join('\n')}\n${kept}: ${String(best?.[0]).includes('(default)') ? 'met' : 'MISSED'}`;
}

const bar = (share: number): string => '█'.repeat(Math.max(1, Math.round(share * 30)));
