import { DIM, frame, GRID, INK, legend, line, rect, text, WIDTH } from './draw.ts';

export interface Bars {
  readonly title: string;
  /** What stands under each group, as far as there is room. */
  readonly names: readonly string[];
  readonly series: readonly Series[];
  /** How an amount on the axis is written. */
  readonly say: (value: number, step: number) => string;
  /** What stands there instead of bars where there is nothing to show. */
  readonly nothing: string;
  /** One on the other instead of side by side. */
  readonly stacked: boolean;
  /** From one line of the scale to the next, where it is not to be 1, 2 or 5 times a power of ten. */
  readonly step?: number;
}

export interface Series {
  readonly say: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const HEIGHT = 300;
const RIGHT = 24;
const TOP = 52;
const BOTTOM = 74;

/**
 * Bars in groups over a few lines of a scale. Drawn by hand: ECharts would draw the same at 67 MB of packages, half a second
 * to load and 90 MB of memory, half of what engine and bot together may take, for the little that these files do.
 */
export function barsSvg({ title, names, series, say, nothing, stacked, step: wanted }: Bars): string {
  const ends = names.flatMap((_, i) => {
    const values = series.map(({ values: all }) => all[i] ?? 0);
    return stacked ? [values.reduce((sum, value) => sum + value, 0)] : values;
  });
  const [most, least] = [Math.max(0, ...ends), Math.min(0, ...ends)];
  const step = wanted ?? niceStep(most - least);
  const [top, bottom] = [Math.max(step, Math.ceil(most / step) * step), Math.floor(least / step) * step];
  const y = (value: number): number => TOP + ((HEIGHT - TOP - BOTTOM) * (top - value)) / (top - bottom);
  const marks = Array.from({ length: Math.round((top - bottom) / step) + 1 }, (_, i) => bottom + i * step);
  const left = 24 + LETTER * Math.max(4, ...marks.map((value) => say(value, step).length));
  const width = WIDTH - left - RIGHT;
  const scale = marks.map(
    (value) =>
      line(left, y(value), WIDTH - RIGHT, y(value), value === 0 && bottom < 0 ? DIM : GRID) +
      text(left - 8, y(value) + 5, say(value, step), 14, DIM, 'end'),
  );
  const room = width / Math.max(1, names.length);
  const bar = Math.min(WIDEST, stacked ? room * 0.7 : (room * 0.8) / series.length);
  const groups = names.flatMap((_, i) => {
    let below = 0;
    return series.map(({ values, colour }, at) => {
      const value = values[i] ?? 0;
      const x = left + (i + 0.5) * room + (stacked ? -bar / 2 : (at - series.length / 2) * bar);
      const from = stacked ? below : 0;
      below += value;
      const [high, low] = [y(Math.max(from, from + value)), y(Math.min(from, from + value))];
      return value === 0 ? '' : rect(x, high, Math.max(1, bar - 1), Math.max(1, low - high), colour);
    });
  });
  const nameWidth = LETTER * Math.max(0, ...names.map((name) => name.length)) + NAME_GAP;
  const every = Math.max(1, Math.ceil((names.length * nameWidth) / width));
  const below = names.map((name, i) =>
    i % every === 0 ? text((left + (i + 0.5) * room).toFixed(1), HEIGHT - BOTTOM + 20, name, 14, DIM, 'middle') : '',
  );
  const empty = ends.every((value) => value === 0);
  const said = empty ? text(left + width / 2, (TOP + HEIGHT - BOTTOM) / 2 + 5, nothing, 15, INK, 'middle') : '';
  const colours = series.map(({ colour, say: word }) => [colour, word] as const);
  return frame(HEIGHT, title, ...scale, ...groups, ...below, said, legend(HEIGHT - 28, colours, 180));
}

/** About what a letter of this size takes. */
const LETTER = 8.5;
/** One day is no wall. */
const WIDEST = 80;
const NAME_GAP = 8;

/** 1, 2 or 5 times a power of ten, four of them or so. */
function niceStep(most: number): number {
  if (!(most > 0)) return 1;
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
}
