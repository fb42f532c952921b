import type { Offer } from '../../engine/domain/marketplace.ts';
import { costOf, MICRO } from '../../engine/domain/money.ts';
import type { RacePlan } from '../../engine/domain/race.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { quantile } from '../../engine/policy/times.ts';
import { seeded } from '../fakes/chance.ts';
import { type Manners, PROMPT } from '../fakes/machine.ts';
import { standardOffers } from '../fakes/marketplace.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';
import type { Bench, Table } from './bench.ts';

const WAKES = 1_000;
const OFFERS = standardOffers(40);

/** The same marketplace and the same 1,000 mornings for each way of starting a machine. */
export const race: Bench = {
  async run(say) {
    const rows: Table['rows'][number][] = [];
    for (const [name, plan] of Object.entries(STRATEGIES)) {
      say(`${name}: ${WAKES} wakes`);
      rows.push(
        row(name, await Promise.all(batches(WAKES).map((seeds) => wakeAll(seeds, plan))).then((all) => all.flat())),
      );
    }
    rows.push(
      row(
        'best possible pick',
        Array.from({ length: WAKES }, (_, seed) => oracle(seed)),
      ),
    );
    return [
      {
        title: `Asking to usable, ${WAKES} seeded wakes of a new workspace (seconds; dollars until usable, per wake)`,
        columns: ['strategy', 'P50 s', 'P95 s', 'P99 s', 'never', 'cost $', 'waste $', 'machines'],
        rows,
        note: 'boots: lognormal, median 45 s, P95 about 4 min; 6 % never answer, 4 % exit, 3 % have a dead GPU; only usable wakes count for the times',
      },
    ];
  },
};

const { race: plan } = DEFAULTS;
const STRATEGIES: Readonly<Record<string, RacePlan>> = {
  'race 5 x 3, 90 s (default)': plan,
  'race 3 x 5, 90 s': { ...plan, batch: 3, rounds: 5 },
  'sequential failover, 90 s': { ...plan, batch: 1, rounds: 15 },
  'single start, 10 min': { ...plan, batch: 1, rounds: 1, roundMs: 10 * MINUTE },
};

interface Wake {
  /** Null: it never became usable. */
  readonly seconds: number | null;
  readonly dollars: number;
  readonly waste: number;
  readonly machines: number;
}

async function wakeAll(seeds: readonly number[], plan: RacePlan): Promise<readonly Wake[]> {
  const wakes: Wake[] = [];
  for (const seed of seeds) wakes.push(await wakeOnce(seed, plan));
  return wakes;
}

async function wakeOnce(seed: number, plan: RacePlan): Promise<Wake> {
  const w = new World({ race: plan });
  w.marketplace.manners = (offer) => mannersOf(seed, offer);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(60 * MINUTE, () => w.told.some((talk) => talk.event === 'race.ended'));
  const usable = w.told.find((talk) => talk.event === 'workspace.usable');
  await w.clock.advance(5 * MINUTE); // until the losers are gone, so that their bill is whole
  const winner = (await engine.status('lab'))[0]?.machine ?? null;
  await stop();
  const bill = [...w.marketplace.bill()];
  const waste = bill.filter(([instance]) => instance !== winner?.instance).reduce((sum, [, micro]) => sum + micro, 0);
  const won = winner
    ? costOf(winner.offer.dollarsPerHour, (winner.entered.running ?? 0) - (winner.departedAt ?? 0))
    : 0;
  return {
    seconds: usable && 'ms' in usable ? usable.ms / 1_000 : null,
    dollars: (won + waste) / MICRO,
    waste: waste / MICRO,
    machines: w.marketplace.machines.size,
  };
}

/** Who knows the future rents the one machine that is usable first, and nothing else. */
function oracle(seed: number): Wake {
  const works = OFFERS.map((offer) => ({ offer, manners: mannersOf(seed, offer) })).filter(
    ({ manners }) => manners.exitsAtMs === null && !manners.gpuDead && Number.isFinite(manners.sshAfterMs),
  );
  const best = works.reduce((a, b) => (b.manners.sshAfterMs < a.manners.sshAfterMs ? b : a));
  const ms = best.manners.sshAfterMs + best.manners.toolsMs + best.manners.usableMs;
  return { seconds: ms / 1_000, dollars: costOf(best.offer.dollarsPerHour, ms) / MICRO, waste: 0, machines: 1 };
}

/** How this machine behaves on this morning: the same for every strategy. */
function mannersOf(seed: number, offer: Offer): Manners {
  const chance = seeded(`${seed}/${offer.machine}`);
  const fate = chance();
  const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  const sshAfterMs = Math.max(10_000, 45_000 * Math.exp(1.02 * normal));
  const base = { ...PROMPT, loadingMs: sshAfterMs - 6_000 * chance(), sshAfterMs };
  if (fate < 0.06) return { ...base, loadingMs: Number.POSITIVE_INFINITY, sshAfterMs: Number.POSITIVE_INFINITY };
  if (fate < 0.1) return { ...base, exitsAtMs: sshAfterMs / 2 };
  return fate < 0.13 ? { ...base, gpuDead: true } : base;
}

function row(name: string, wakes: readonly Wake[]): (string | number)[] {
  const times = wakes.map((wake) => wake.seconds).filter((seconds) => seconds !== null);
  const mean = (pick: (wake: Wake) => number): number =>
    wakes.reduce((sum, wake) => sum + pick(wake), 0) / wakes.length;
  return [
    name,
    quantile(times, 0.5),
    quantile(times, 0.95),
    quantile(times, 0.99),
    wakes.length - times.length,
    mean((wake) => wake.dollars),
    mean((wake) => wake.waste),
    mean((wake) => wake.machines),
  ];
}

/** A few at a time, so that the event loop has something to do while one settles. */
function batches(count: number): number[][] {
  const lanes = 8;
  return Array.from({ length: lanes }, (_, lane) =>
    Array.from({ length: count }, (_, seed) => seed).filter((seed) => seed % lanes === lane),
  );
}
