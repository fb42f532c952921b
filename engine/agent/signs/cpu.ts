import type { Reading } from '../../domain/heartbeat.ts';
import { type Span, usedBy } from './census.ts';
import { openMean } from './mean.ts';

/** How busy the processor is with what is not ours, in percent of one core. */
export function openCpu(): { sample(span: Span): void; reading(): Reading } {
  const mean = openMean('');
  return {
    sample: (span) => mean.add(usedBy('theirs', span, ({ row }) => row.ticks) * PERCENT_SECONDS, span),
    reading: () => mean.reading(),
  };
}

/** The kernel counts in hundredths of a second, on every machine that we rent. One of them in a second is one percent. */
const PERCENT_SECONDS = 1;
