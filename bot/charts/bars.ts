import { DIM, frame, GRID, legend, line, rect, text, WIDTH } from './draw.ts';

export interface Bars {
  readonly title: string;
  /** What stands under each group, as far as there is room. */
  readonly names: readonly string[];
  readonly series: readonly Series[];
  /** How an amount on the axis is written. */
  readonly say: (value: number) => string;
  /** One on the other instead of side by side. */
  readonly stacked: boolean;
}

export interface Series {
  readonly say: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const HEIGHT = 300;
const LEFT = 92;
const RIGHT = 20;
const TOP = 52;
const BOTTOM = 74;

/** Bars in groups over a few lines of a scale. Nothing goes below nothing: what is negative is said in words. */
export function barsSvg({ title, names, series, say, stacked }: Bars): string {
  const heights = names.map((_, i) => {
    const values = series.map(({ values: all }) => Math.max(0, all[i] ?? 0));
    return stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  const step = niceStep(Math.max(...heights, 0));
  const top = Math.max(step, Math.ceil(Math.max(...heights, 0) / step) * step);
  const y = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top;
  const scale = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step).map(
    (value) =>
      line(LEFT, y(value), WIDTH - RIGHT, y(value), GRID) + text(LEFT - 8, y(value) + 5, say(value), 14, DIM, 'end'),
  );
  const room = (WIDTH - LEFT - RIGHT) / Math.max(1, names.length);
  const bar = stacked ? room * 0.7 : (room * 0.8) / series.length;
  const groups = names.flatMap((_, i) => {
    let below = 0;
    return series.map(({ values, colour }, at) => {
      const value = Math.max(0, values[i] ?? 0);
      const x = LEFT + i * room + (stacked ? room * 0.15 : room * 0.1 + at * bar);
      const from = stacked ? below : 0;
      below += value;
      return value === 0 ? '' : rect(x, y(from + value), Math.max(1, bar - 1), y(from) - y(from + value), colour);
    });
  });
  const every = Math.max(1, Math.ceil((names.length * NAME_WIDTH) / (WIDTH - LEFT - RIGHT)));
  const below = names.map((name, i) =>
    i % every === 0 ? text((LEFT + (i + 0.5) * room).toFixed(1), HEIGHT - BOTTOM + 20, name, 14, DIM, 'middle') : '',
  );
  const colours = series.map(({ colour, say: word }) => [colour, word] as const);
  return frame(HEIGHT, title, ...scale, ...groups, ...below, legend(HEIGHT - 28, colours, 180));
}

const NAME_WIDTH = 64;

/** 1, 2 or 5 times a power of ten, four of them or so. */
function niceStep(most: number): number {
  if (!(most > 0)) return 1;
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
}
