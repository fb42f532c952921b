import { dollars, MICRO, perHour } from '../../domain/money.ts';
import { asCalled, CALLED } from '../called.ts';
import type { Screen } from '../screen.ts';
import { bytes, count, duration, plural, short } from '../words.ts';
import type { Comparison } from './compare-files.ts';
import type { Costs } from './costs.ts';
import { fold } from './fold.ts';

/** All that the tour found out, and its answer in JSON. */
export interface Report {
  readonly ok: boolean;
  readonly seconds: number;
  readonly compared: Comparison;
  /** Null where this computer has no git. */
  readonly unpushed_commit: string | null;
  readonly machines: { readonly rented: number; readonly left: number };
  readonly wakes: readonly Wake[];
  readonly sleep: Slept;
  readonly dollars: number;
  readonly costs: Costs;
}

export interface Wake {
  readonly machine_id: string;
  readonly host: string;
  readonly region: string;
  readonly gpu: string;
  readonly dollars_per_hour: number;
  /** From the asking to where somebody could work. */
  readonly usable_ms: number;
}

/** How it fell asleep by itself. */
export interface Slept {
  /** From the warning to the first thing that was done. */
  readonly warned_ms: number;
  readonly save_and_proof_ms: number;
  readonly snapshot_id: string;
}

/** The end of the tour, for people. */
export function reportLines(report: Report, { paint, width }: Pick<Screen, 'paint' | 'width'>): string[] {
  const { compared, costs, machines, wakes, unpushed_commit: commit } = report;
  const { always_on: always, asleep, at_work: work } = costs;
  const rows: readonly (readonly [string, string])[] = [
    [
      'your files',
      `${count(compared.files)} files, ${bytes(compared.bytes)}, ${plural(compared.folders, 'folder')}, ` +
        `${plural(compared.links, 'link')}: every byte, mode and time is what it was`,
    ],
    ...(commit === null ? [] : [['your commit', `${short(commit)}, never pushed anywhere, came back too`] as const]),
    ['usable', wakes.map(({ usable_ms: ms, host }) => `${duration(ms)} after you asked, on ${host}`).join('; ')],
    [
      'machines',
      `${machines.rented} rented, ${machines.left === 0 ? 'all of them gone' : `${machines.left} still there`}`,
    ],
    [
      'this tour',
      `${money(report.dollars)} of rented time; nobody was charged, since this marketplace is your computer`,
    ],
    [
      'always on',
      `${money(always.dollars_per_month)} a month: ${wakes.at(-1)?.gpu} at ${perHour(costs.dollars_per_hour)}, never off`,
    ],
    [
      'asleep',
      `${under(asleep.dollars_per_month)} a month: ${bytes(asleep.bytes)} in storage such as R2, and no machine`,
    ],
    [
      'saved',
      `${money(work.saved_per_month)} a month, ${work.saved_percent} %, for somebody who works ${work.hours_per_week} hours a week`,
    ],
  ];
  return [
    '',
    `${paint('green', '✓')} ${paint('bold', `The whole cycle, in ${duration(report.seconds * 1_000)}`)}`,
    ...rows.flatMap(([name, say]) => fold(`  ${paint('dim', name.padEnd(LABEL))}  `, say, LABEL + 4, width)),
    '',
    paint('bold', 'Now for your own work'),
    ...NEXT.flatMap(([line, say]) =>
      fold(`  ${asCalled(line, CALLED).padEnd(NEXT_COLUMNS)}  `, say, NEXT_COLUMNS + 4, width),
    ),
  ];
}

const LABEL = 11;

const NEXT = [
  ['npm start', 'in another terminal: the engine'],
  ['dumont create lab', 'describe a workspace'],
  ['dumont wake lab', 'race machines for it, and work'],
] as const;
const NEXT_COLUMNS = Math.max(...NEXT.map(([line]) => asCalled(line, CALLED).length));

function money(amount: number): string {
  return dollars(Math.round(amount * MICRO));
}

function under(amount: number): string {
  return amount < 0.01 ? 'less than $0.01' : money(amount);
}
