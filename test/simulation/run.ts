import { parseArgs } from 'node:util';
import { FAULTS, type Hit } from './gate.ts';
import { type Lived, live, type Plan } from './life.ts';
import { aimedPlan, census, nameOf, plansFor, tally } from './schedule.ts';

/** Lives of one run of the suite. The schedule spreads the faults over exactly these. */
export const LIVES = 10_000;
/** Every fault must have met every call in every state at least this often. Lives aimed at one cell fill what is missing. */
export const MET_MIN = 20;
const AIMED_MAX = 400;

/** What one lane of a run found: its share of the lives. */
export interface Lane {
  readonly lives: number;
  readonly cpuMs: number;
  readonly hits: readonly Hit[];
  readonly broken: readonly {
    readonly seed: string;
    readonly plot: string;
    readonly law: string;
    readonly say: string;
  }[];
}

/**
 * `node test/simulation/run.ts --seed 4711 --trace` lives that life alone and tells its story; without a seed it lives
 * all of them, or with `--lane 0/2` every second one, and prints what it found as JSON.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, trace: { type: 'boolean' }, lane: { type: 'string' } },
  });
  process.on('unhandledRejection', () => undefined); // a killed engine's promises have nobody left to hear them
  const seen = await census();
  const plans = plansFor(seen, LIVES);
  if (values.seed !== undefined) {
    const [aimed, cell, fault = '', i] = values.seed.split('/');
    const plan = aimed === 'aimed' ? aimedPlan(seen, Number(cell), fault, Number(i)) : plans[Number(values.seed)];
    if (!plan) throw new Error(`there is no life ${values.seed}; they are numbered from 0 to ${LIVES - 1}`);
    const lived = await live(plan, { tracing: values.trace ?? false });
    console.log([...lived.story, `${plan.plot}: ${verdictOf(lived)}`].join('\n'));
    process.exitCode = lived.broken ? 1 : 0;
    return;
  }
  Error.stackTraceLimit = 0; // stacks of failures that nobody reads are the dearest thing in a life
  const [lane = 0, lanes = 1] = (values.lane ?? '0/1').split('/').map(Number);
  const began = process.cpuUsage();
  const hits: Hit[] = [];
  const broken: Lane['broken'][number][] = [];
  let lives = 0;
  const liveOne = async (plan: Plan): Promise<Lived> => {
    const lived = await live(plan);
    lives += 1;
    hits.push(...lived.hits);
    if (lived.broken)
      broken.push({ seed: plan.seed, plot: plan.plot, law: String(lived.broken.law), say: lived.broken.say });
    return lived;
  };
  for (const plan of plans.filter((_, i) => i % lanes === lane)) await liveOne(plan);
  const met = tally(hits);
  for (const [cell, sighting] of seen.entries()) {
    for (const fault of FAULTS) {
      let times = met.get(nameOf(sighting))?.get(fault) ?? 0;
      for (let i = lane; times < MET_MIN / lanes && i < AIMED_MAX; i += lanes) {
        const { hits: more } = await liveOne(aimedPlan(seen, cell, fault, i));
        times += more.filter((hit) => hit.fault === fault && nameOf(hit) === nameOf(sighting)).length;
      }
    }
  }
  const { user, system } = process.cpuUsage(began);
  console.log(JSON.stringify({ lives, cpuMs: (user + system) / 1_000, hits, broken } satisfies Lane));
}

const verdictOf = ({ broken }: Lived): string =>
  broken ? `law ${broken.law} is broken: ${broken.say}` : 'no law was broken';

if (import.meta.main) await main();
