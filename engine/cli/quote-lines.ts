import { perHour } from '../domain/money.ts';
import type { QuoteJson } from '../http/json/quote.ts';
import { money } from './event-words.ts';
import { offerTable } from './offer-table.ts';
import type { Screen } from './screen.ts';
import { bytes, duration, plural } from './words.ts';

/** What a wake would cost and how long it would take. */
export function quoteLines(workspace: string, quote: QuoteJson, screen: Screen): string[] {
  const { low, high } = quote.dollars_per_hour;
  const ready = quote.ready_ms
    ? `usable in about ${duration(quote.ready_ms.p50)}; ${duration(quote.ready_ms.p95)} or less in 95 of 100 (${plural(quote.samples, 'earlier start')})`
    : 'not known yet: nothing was started before';
  const rows = [
    ['time', ready],
    ['price', low === high ? perHour(low) : `${perHour(low)} to ${perHour(high)}`],
    ['race', `stops renting before it costs ${money(quote.cap_dollars)}`],
    [
      'restore',
      quote.restore_bytes === 0
        ? 'nothing to restore'
        : `${bytes(quote.restore_bytes)}, ${money(quote.restore_dollars)}`,
    ],
  ];
  return [
    `A wake of ${screen.paint('bold', workspace)}`,
    ...rows.map(([label = '', words = '']) => `  ${screen.paint('dim', label.padEnd(8))} ${words}`),
    '',
    'The first round',
    ...offerTable(quote.first_round, screen).map((line) => `  ${line}`),
    '',
    'Nothing was rented.',
  ];
}
