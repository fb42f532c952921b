import type { Language } from '../../engine/domain/discord.ts';
import { digitsOf, dollars, type MicroDollars, perHour } from '../../engine/domain/money.ts';

/** How sizes, times, counts and money are written for people, in either language. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Format {
  duration(ms: number): string;
  ago(ms: number): string;
  bytes(count: number): string;
  bytesOf(done: number, total: number): string;
  count(value: number): string;
  dollars(micro: MicroDollars, digits?: number): string;
  /** What stands in one sentence has as many digits as the smallest amount there needs. */
  alike(amounts: readonly MicroDollars[]): readonly string[];
  /** For how long machines ran, roughly: `42 min`, `1.5 h`, `310 h`. */
  hours(ms: number): string;
  perHour(dollarsPerHour: number): string;
}

/** What begins a line. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** As dollars are written in Brazil. */
export const dollarsInPortuguese = (text: string): string =>
  text.replace(
    /\$(\d+)(?:\.(\d+))?/g,
    (_, whole: string, part?: string) => `US$\u00a0${whole}${part ? `,${part}` : ''}`,
  );

export function formatIn(language: Language): Format {
  const decimal = (value: number): string => {
    const text = value.toFixed(1);
    return language === 'pt' ? text.replace('.', ',') : text;
  };

  const inWords = language === 'pt' ? dollarsInPortuguese : (text: string): string => text;

  const duration = (ms: number): string => {
    if (ms < 10 * SECOND) return `${decimal(Math.max(0, ms) / SECOND)} s`;
    if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
    if (ms < HOUR) return pair(ms, MINUTE, 'min', SECOND, 's');
    if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'min');
    return pair(ms, DAY, 'd', HOUR, 'h');
  };

  /** GB is 10^9 bytes. */
  const bytes = (given: number): string => {
    let value = Math.max(0, given);
    let unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1_000;
      unit += 1;
    }
    return `${unit === 0 || value >= 99.5 ? Math.round(value) : decimal(value)} ${UNITS[unit]}`;
  };

  const count = (value: number): string =>
    String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, language === 'pt' ? '.' : ',');

  return {
    duration,
    ago: (ms) => {
      const rough =
        ms < MINUTE
          ? `${Math.floor(ms / SECOND)} s`
          : ms < HOUR
            ? `${Math.floor(ms / MINUTE)} min`
            : ms < 2 * DAY
              ? `${Math.floor(ms / HOUR)} h`
              : `${Math.floor(ms / DAY)} d`;
      return language === 'pt' ? `há ${rough}` : `${rough} ago`;
    },
    bytes,
    bytesOf: (done, total) => {
      const of = language === 'pt' ? 'de' : 'of';
      const [value, unit] = bytes(done).split(' ');
      const whole = bytes(total);
      return whole.endsWith(` ${unit}`) ? `${value} ${of} ${whole}` : `${value} ${unit} ${of} ${whole}`;
    },
    dollars: (micro, digits) => inWords(dollars(micro, digits)),
    alike: (amounts) => amounts.map((micro) => inWords(dollars(micro, digitsOf(amounts)))),
    hours: (ms) =>
      ms > 0 && ms < HOUR
        ? `${Math.max(1, Math.floor(ms / MINUTE))} min`
        : `${ms > 0 && ms < 10 * HOUR ? decimal(ms / HOUR) : count(ms / HOUR)} h`,
    perHour: (rate) => inWords(perHour(rate)),
    count,
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

function pair(ms: number, large: number, largeWord: string, small: number, smallWord: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeWord}${rest === 0 ? '' : ` ${rest} ${smallWord}`}`;
}
