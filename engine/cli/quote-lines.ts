import { perHour } from '../domain/money.ts';
import type { QuoteJson } from '../http/json/quote.ts';
import { money } from './event-words.ts';
import { offerTable } from './offer-table.ts';
import { restorePriceWords } from './restore-price.ts';
import type { Screen } from './screen.ts';
import { bytes, duration, plural } from './words.ts';

/** What a wake would cost and how long it would take. */
export function quoteLines(workspace: string, quote: QuoteJson, screen: Screen): string[] {
  const { low, high } = quote.dollars_per_hour;
  const rows = [
    ['time', timeWords(workspace, quote.usable_ms)],
    ['price', low === high ? perHour(low) : `${perHour(low)} to ${perHour(high)}`],
    ['race', `stops renting before it costs ${money(quote.cap_dollars)}`],
    [
      'restore',
      quote.restore_bytes === 0
        ? 'nothing to restore'
        : `${bytes(quote.restore_bytes)}, for which hosts ask ${money(quote.restore_dollars)} at most`,
    ],
    ...(quote.restore_bytes === 0 ? [] : [['', restorePriceWords(quote.restore)]]),
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

/** Of few wakes there is no P95, only the slowest. */
function timeWords(workspace: string, usable: QuoteJson['usable_ms']): string {
  if (usable === null) return 'not known yet: nothing was woken before';
  const { p50, p95, slowest, samples, own } = usable;
  const whose = `${plural(samples, 'earlier wake')}${own ? ` of ${workspace}` : ''}`;
  if (samples === 1) return `usable after ${duration(p50)} the one time that anything was woken`;
  const worst = p95 === null ? `${duration(slowest)} at most` : `${duration(p95)} or less in 95 of 100`;
  return `usable in about ${duration(p50)}; ${worst} (${whose})`;
}
