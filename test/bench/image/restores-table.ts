import type { Measured } from '../backup/measured.ts';
import { type Table, target } from '../bench.ts';

export const TIMES = 3;
export const IMAGE = 'Dumont from the image';
export const RESTIC = 'restic restore, 32 connections';
export const COPY = 'cp -a';

export interface Row extends WithSteps {
  readonly who: string;
  readonly line: string;
  readonly load: number;
}

/** `stepsSeconds`: what a person does first, from the moment on which the machine is said to be usable. */
export type WithSteps = Measured & { readonly stepsSeconds?: number };
/** A wake and what it is measured against, with a bar for each. */
export function restores(what: string, bytes: number, rows: readonly Row[]): Table {
  const kinds = [...Map.groupBy(rows, ({ who, line }) => `${line}: ${who}`)];
  const seconds = (who: string, line: string): number => secondsOf(rows, who, line);
  const ofImage = (name: string) => rows.filter(({ who, line }) => who === IMAGE && line === name);
  const largest = Math.max(...rows.filter(({ who }) => who === IMAGE).map(({ memoryBytes }) => memoryBytes));
  return {
    title: `Bringing back ${what}, the median of ${TIMES}`,
    columns: ['how', 's', 'usable s', 'first steps s', 'CPU s', 'of the storage', 'MB fetched', 'MB of memory', 'load'],
    rows: kinds.map(([how, some]) => [
      how,
      ...[
        (row: Row) => row.seconds,
        usable,
        (row: Row) => row.stepsSeconds ?? 0,
        (row: Row) => row.cpuSeconds,
        (row: Row) => row.serverCpuSeconds,
        (row: Row) => row.fetchedBytes / 1e6,
        (row: Row) => row.memoryBytes / 1e6,
        (row: Row) => row.load,
      ].map((value) => median(some, value)),
    ]),
    note: [
      ...[...new Set(rows.map(({ line }) => line))].flatMap((name) => [
        target(`${name}: the image against restic`, seconds(IMAGE, name) / seconds(RESTIC, name), 0.45, 'times'),
        target(`${name}: the image against cp -a`, seconds(IMAGE, name) / seconds(COPY, name), 1.3, 'times'),
        target(`${name}: usable`, median(ofImage(name), usable), 2, 's'),
      ]),
      ...(bytes > FULL_BYTES ? [target('7 GB, storage at hand', seconds(IMAGE, rows[0]!.line), 12, 's')] : []),
      target('memory of whoever reads it', largest / 1e6, 1_000, 'MB'),
      ...bars(kinds.map(([how, some]) => [how, median(some, (row) => row.seconds), median(some, usable)])),
    ].join('\n'),
  };
}

const median = (some: readonly Row[], value: (row: Row) => number): number =>
  some.map(value).toSorted((a, b) => a - b)[Math.floor(some.length / 2)]!;

export function secondsOf(rows: readonly Row[], who: string, line: string): number {
  const some = rows.filter((row) => row.who === who && row.line === line);
  return median(some, (row) => row.seconds);
}

const usable = (row: Row): number => row.said.get('usable') ?? row.seconds;

/** Dark up to where it can be worked on. */
function bars(kinds: readonly (readonly [how: string, seconds: number, usable: number])[]): string[] {
  const longest = Math.max(...kinds.map(([, seconds]) => seconds));
  const width = Math.max(...kinds.map(([how]) => how.length));
  return kinds.map(([how, seconds, usable]) => {
    const [whole, dark] = [seconds, usable].map((value) => Math.max(Math.round((value / longest) * BAR), 1));
    const bar = '█'.repeat(dark!) + '░'.repeat(whole! - dark!);
    return `${how.padEnd(width)}  ${bar} ${seconds.toFixed(1)} s`;
  });
}

const BAR = 50;
const FULL_BYTES = 7e9;
