import { Dice } from './dice.ts';
import { type Cell, FAULTS, type Hit, type Target } from './gate.ts';
import { live, type Plan } from './life.ts';
import { PLOTS, type PlotName } from './plots.ts';

const NAMES = Object.keys(PLOTS) as PlotName[];
const LIVES_PER_PLOT = 8;
const TARGETS_PER_LIFE = 4;
/** Aimed at per cell; a life whose story takes another turn misses some of what it was meant to meet. */
const AIM = 60;

/** A call that is made in a state when nothing fails, and the plots in which it is. */
export interface Sighting extends Cell {
  readonly in: ReadonlyMap<PlotName, { readonly share: number; readonly mean: number }>;
}

/** Lives without faults say which calls there are; so the list cannot go stale, and nobody keeps it by hand. */
export async function census(): Promise<readonly Sighting[]> {
  const sightings = new Map<string, Cell & { in: Map<PlotName, { share: number; mean: number }> }>();
  for (const plot of NAMES) {
    for (let i = 0; i < LIVES_PER_PLOT; i += 1) {
      const { counts } = await live({ seed: `census ${plot} ${i}`, plot, targets: [] });
      for (const [state, calls] of counts) {
        for (const [call, count] of calls) {
          const key = nameOf({ state, call });
          const sighting = sightings.get(key) ?? { state, call, in: new Map() };
          sightings.set(key, sighting);
          const before = sighting.in.get(plot) ?? { share: 0, mean: 0 };
          sighting.in.set(plot, {
            share: before.share + 1 / LIVES_PER_PLOT,
            mean: before.mean + count / LIVES_PER_PLOT,
          });
        }
      }
    }
  }
  return [...sightings.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** What every life of a run is to meet, so that all cells are met often enough. The same census gives the same plans. */
export function plansFor(sightings: readonly Sighting[], lives: number): readonly Plan[] {
  const aims = sightings.flatMap((sighting) => FAULTS.map((fault) => ({ sighting, fault, expected: 0 })));
  const byPlot = new Map(NAMES.map((plot) => [plot, aims.filter((aim) => aim.sighting.in.has(plot))]));
  const dice = new Dice('schedule');
  return Array.from({ length: lives }, (_, i) => {
    const first = neediest(aims, dice, []);
    const plot = first === null || first.expected >= AIM ? dice.pick(NAMES) : plotFor(first.sighting, dice);
    const chosen: (typeof aims)[number][] = [];
    while (chosen.length < TARGETS_PER_LIFE) {
      const next = neediest(byPlot.get(plot) ?? [], dice, chosen);
      if (next === null) break;
      chosen.push(next);
      next.expected += (next.sighting.in.get(plot)?.share ?? 0) * 0.8;
    }
    return { seed: String(i), plot, targets: chosen.map((aim) => targetOf(aim.sighting, aim.fault, plot, dice)) };
  });
}

/** A life that is to meet one fault only: for cells late in a life, which others seldom let it reach. */
export function aimedPlan(sightings: readonly Sighting[], cell: number, fault: Cell['call'], i: number): Plan {
  const sighting = sightings[cell] as Sighting;
  const seed = `aimed/${cell}/${fault}/${i}`;
  const dice = new Dice(`${seed} schedule`);
  const plot = plotFor(sighting, dice);
  return { seed, plot, targets: [targetOf(sighting, fault as (typeof FAULTS)[number], plot, dice)] };
}

interface Aim {
  readonly sighting: Sighting;
  expected: number;
}

/** The one that was aimed at least; among several, any. */
function neediest<A extends Aim>(aims: readonly A[], dice: Dice, taken: readonly A[]): A | null {
  let found: A | null = null;
  const offset = dice.between(0, aims.length);
  for (let i = 0; i < aims.length; i += 1) {
    const aim = aims[(i + offset) % aims.length] as A;
    if ((found === null || aim.expected < found.expected) && !taken.includes(aim)) found = aim;
  }
  return found;
}

function plotFor(sighting: Sighting, dice: Dice): PlotName {
  const best = Math.max(...[...sighting.in.values()].map(({ share }) => share));
  const plots = [...sighting.in].filter(([, { share }]) => share >= 0.8 * best).map(([plot]) => plot);
  return dice.pick(plots);
}

function targetOf(sighting: Sighting, fault: Target['fault'], plot: PlotName, dice: Dice): Target {
  const mean = sighting.in.get(plot)?.mean ?? 1;
  return {
    state: sighting.state,
    call: sighting.call,
    fault,
    nth: dice.between(1, Math.max(2, 1 + Math.min(mean, 40))),
  };
}

export const nameOf = ({ state, call }: Cell): string => `${state} > ${call}`;

/** How often each fault was met at each cell. */
export function tally(hits: readonly Hit[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const table = new Map<string, Map<string, number>>();
  for (const hit of hits) {
    const row = table.get(nameOf(hit)) ?? new Map<string, number>();
    table.set(nameOf(hit), row.set(hit.fault, (row.get(hit.fault) ?? 0) + 1));
  }
  return table;
}
