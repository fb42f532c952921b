import { readFileSync } from 'node:fs';
import type { Reading } from '../../domain/heartbeat.ts';
import { type Span, usedBy } from './census.ts';
import { openMean } from './mean.ts';

/**
 * What goes through the network cards, less what our own programs move.
 *
 * The kernel does not tell whose the traffic is. What our programs read and wrote stands in for it: with files and pipes it
 * is more than their traffic, never more than all traffic is taken off, and headers and acknowledgements are added to it. So
 * while a backup or a restore runs, other traffic may go unseen; it is seen again as soon as that ends. A machine that shares
 * its network with others shows theirs, too.
 */
export function openNetwork(): { sample(span: Span): void; reading(): Reading; traffic(): Traffic | null } {
  const mean = openMean('/proc/net/dev does not tell');
  let last = traffic();
  return {
    sample(span) {
      const now = traffic();
      const moved =
        now && last ? { received: now.receivedBytes - last.receivedBytes, sent: now.sentBytes - last.sentBytes } : null;
      last = now;
      if (moved === null) return mean.add(null, span);
      const read = usedBy('ours', span, ({ io }) => io?.read ?? null);
      const written = usedBy('ours', span, ({ io }) => io?.written ?? null);
      const received = Math.max(0, moved.received - read * HEADERS - written * ACKNOWLEDGEMENTS);
      const sent = Math.max(0, moved.sent - written * HEADERS - read * ACKNOWLEDGEMENTS);
      mean.add(received + sent, span);
    },
    reading: () => mean.reading(),
    traffic: () => last,
  };
}

export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

function traffic(): Traffic | null {
  let text: string;
  try {
    text = readFileSync('/proc/net/dev', 'latin1');
  } catch {
    return null;
  }
  const rows = text
    .split('\n')
    .slice(2)
    .filter((line) => line.includes(':'));
  const sums = { receivedBytes: 0, sentBytes: 0 };
  for (const row of rows) {
    const [name = '', counts = ''] = row.split(/:(.*)/s);
    const fields = counts.trim().split(/\s+/).map(Number);
    if (name.trim() === 'lo') continue;
    sums.receivedBytes += fields[0] ?? 0;
    sums.sentBytes += fields[8] ?? 0;
  }
  return sums;
}

/** Packets are larger than what is in them, and each few are answered. */
const HEADERS = 1.1;
const ACKNOWLEDGEMENTS = 0.05;
