import type { HostMemory } from '../../engine/domain/doors.ts';
import { digitsOf, MICRO, microDollars } from '../../engine/domain/money.ts';
import { periodWords, type Savings } from '../../engine/domain/savings.ts';
import type { FileOf } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';
import { barsSvg } from './bars.ts';
import { toPng } from './png.ts';

const PAID = '#f0b232';
const BASE = '#5865f2';
const AWAKE = '#57f287';
const ASLEEP = '#6d6f78';

/** Dollars paid against always-on, day by day. */
export function paidSvg({ rows, period }: Savings, words: Phrases): string {
  const { column, chart } = words.money;
  const inDollars = (micro: number | null): number => (micro ?? 0) / MICRO;
  return barsSvg({
    title: chart.paid(periodWords(period)),
    names: rows.map(({ key }) => key.slice(5)),
    series: [
      { say: column.paid, colour: PAID, values: rows.map(({ paidMicro }) => inDollars(paidMicro)) },
      { say: chart.always, colour: BASE, values: rows.map(({ baselineMicro }) => inDollars(baselineMicro)) },
    ],
    say: (value, step) => words.dollars(microDollars(value), digitsOf([microDollars(step)])),
    nothing: words.money.nothing,
    stacked: false,
  });
}

/** Hours awake and asleep, day by day. */
export function hoursSvg({ rows, period }: Savings, words: Phrases): string {
  const { chart } = words.money;
  const hours = (ms: number): number => ms / 3_600_000;
  return barsSvg({
    title: chart.hours(periodWords(period)),
    names: rows.map(({ key }) => key.slice(5)),
    series: [
      { say: chart.awake, colour: AWAKE, values: rows.map(({ awakeMs }) => hours(awakeMs)) },
      { say: chart.asleep, colour: ASLEEP, values: rows.map(({ asleepMs }) => hours(asleepMs)) },
    ],
    say: (value) => `${words.count(value)} h`,
    nothing: words.money.nothing,
    stacked: true,
    ...(rows.every(({ awakeMs, asleepMs }) => hours(awakeMs + asleepMs) <= 24) && { step: 6 }),
  });
}

/** How many hosts boot within which time. */
export function bootsSvg(hosts: readonly HostMemory[], words: Phrases): string {
  const booted = bootedOf(hosts);
  const within = EDGES.map((seconds, i) => {
    const from = i === 0 ? 0 : (EDGES[i - 1] ?? 0);
    return booted.filter((ms) => ms >= from * 1_000 && ms < seconds * 1_000).length;
  });
  const names = EDGES.map((seconds, i) => (Number.isFinite(seconds) ? `<${seconds}` : `${EDGES[i - 1]}+`));
  return barsSvg({
    title: words.money.chart.boots(words.count(booted.length)),
    names,
    series: [{ say: words.money.chart.hosts, colour: BASE, values: within }],
    say: (value) => (Number.isInteger(value) ? words.count(value) : ''),
    nothing: '–',
    stacked: false,
  });
}

/** In how many ms each of them boots; one that never did is not among them. */
const bootedOf = (hosts: readonly HostMemory[]): readonly number[] =>
  hosts.flatMap(({ stages }) => (stages.booting ? [stages.booting.p50] : []));

const EDGES = [10, 20, 30, 45, 60, 90, 120, 180, Number.POSITIVE_INFINITY];

export const drawPaid = async (savings: Savings, words: Phrases): Promise<FileOf | null> =>
  await drawn('paid.png', paidSvg(savings, words), words.money.chart.paidAlt(...amounts(savings, words)));

export const drawHours = async (savings: Savings, words: Phrases): Promise<FileOf | null> => {
  const { awakeMs, asleepMs } = savings.total;
  const alt = words.money.hours(words.hours(awakeMs), words.hours(asleepMs));
  return await drawn('hours.png', hoursSvg(savings, words), alt);
};

/** Null where none of them ever booted. */
export async function drawBoots(hosts: readonly HostMemory[], words: Phrases): Promise<FileOf | null> {
  const booted = bootedOf(hosts).toSorted((a, b) => a - b);
  const half = booted[Math.ceil(booted.length / 2) - 1];
  if (half === undefined) return null;
  const alt = words.money.chart.bootsAlt(words.count(booted.length), words.duration(half));
  return await drawn('boots.png', bootsSvg(hosts, words), alt);
}

const amounts = ({ total }: Savings, { dollars }: Phrases): [string, string | null] => [
  dollars(total.paidMicro),
  total.baselineMicro === null ? null : dollars(total.baselineMicro),
];

async function drawn(name: string, svg: string, description: string): Promise<FileOf | null> {
  const bytes = await toPng(svg).catch(() => null);
  return bytes && { name, type: 'image/png', bytes, description };
}
