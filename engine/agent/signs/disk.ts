import type { Reading } from '../../domain/heartbeat.ts';
import { type Span, usedBy } from './census.ts';
import { openMean } from './mean.ts';

/** What reaches a disk or comes from one: what the kernel's cache answers does not count. */
export function openDisk(): { sample(span: Span): void; reading(): Reading } {
  const mean = openMean('the kernel does not tell what processes read and write');
  return {
    sample(span) {
      const told = [...span.after.people.values()].some((one) => one.whose === 'theirs' && one.io !== null);
      const anybody = [...span.after.people.values()].some((one) => one.whose === 'theirs');
      mean.add(anybody && !told ? null : usedBy('theirs', span, ({ io }) => io?.disk ?? null), span);
    },
    reading: () => mean.reading(),
  };
}
