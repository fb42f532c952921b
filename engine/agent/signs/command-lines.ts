import { readFile } from 'node:fs/promises';
import type { Census } from './census.ts';
import { EDITOR_PROGRAMS } from './editor-names.ts';

/** How the programs that may be editors or notebooks were called. */
export interface CommandLines {
  /** Empty until it was read; the next look has it. */
  of(key: string): string;
  /** Forgets who ended, and reads what is new: not at once, since the kernel may make whoever reads it wait. */
  follow(census: Census): void;
}

export function openCommandLines(): CommandLines {
  let lines = new Map<string, { name: string; line: string }>();
  return {
    of: (key) => lines.get(key)?.line ?? '',
    follow({ people }) {
      const next: typeof lines = new Map();
      for (const [key, { row, whose }] of people) {
        if (whose !== 'theirs' || !EDITOR_PROGRAMS.test(row.name)) continue;
        const known = lines.get(key);
        const kept = known?.name === row.name ? known : { name: row.name, line: '' };
        next.set(key, kept);
        if (kept !== known)
          readFile(`/proc/${row.pid}/cmdline`, 'utf8').then(
            (text) => {
              kept.line = text.slice(0, LINE_MAX).replaceAll('\0', ' ').trim();
            },
            () => undefined, // it ended meanwhile
          );
      }
      lines = next;
    },
  };
}

const LINE_MAX = 8_192;
