import { CHARGED_FOR } from './journals.ts';
import { MICRO, type MicroDollars } from './money.ts';
import { dayName, type Savings } from './savings.ts';

/** The rows and their total, for spreadsheets. Six decimals: a micro-dollar is the least there is. */
export function savingsCsv({ by, total, rows }: Savings): string {
  const figures = ['baseline', 'saved', 'awake_hours', 'asleep_hours', 'difference', 'not_compared'];
  const head = [by, 'paid', ...CHARGED_FOR, ...figures];
  const lines = [...rows, { key: 'total', ...total }].map((row) => [
    quoted(row.key),
    ...[row.paidMicro, ...CHARGED_FOR.map((purpose) => row.paidFor[purpose])].map(six),
    ...[row.baselineMicro, row.savedMicro].map((micro) => (micro === null ? '' : six(micro))),
    ...[row.awakeMs, row.asleepMs].map((ms) => (ms / HOUR_MS).toFixed(4)),
    ...[row.differenceMicro, row.notCompared.micro].map(six),
  ]);
  return [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

export const csvName = ({ period }: Savings): string =>
  `savings-${dayName(period.from)}-${dayName(period.until - 1)}.csv`;

const HOUR_MS = 3_600_000;
const six = (micro: MicroDollars): string => (micro / MICRO).toFixed(6);

/** No spreadsheet takes a name for a formula. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
