import { statSync } from 'node:fs';
import type { Reading } from '../../domain/heartbeat.ts';
import { isAlive } from '../process-table.ts';
import type { Census } from './census.ts';

/**
 * The terminals of people's programs, and when the last key arrived in one. The kernel keeps that as the time of access of
 * the terminal's device, whatever the mount says, but moves it on only every eight seconds. What a program prints moves the
 * time of change instead, and is no sign that somebody is there: `top` prints all night.
 */
export function openTerminals(): { reading(census: Census): Reading } {
  let lastAt: number | null = null;
  return {
    reading({ people }) {
      const open = new Set<string>();
      let unseen = 0;
      for (const { row, whose } of people.values()) {
        const number = whose === 'theirs' ? pseudoTerminal(row.terminal) : null;
        if (number === null) continue;
        // Containers on the machine have devices of their own, so each is looked up where its program sees it.
        const stat = statAt(`/proc/${row.pid}/root/dev/pts/${number}`);
        if (stat === null || stat.rdev !== row.terminal) {
          if (isAlive(row)) unseen += 1; // else it ended since they were listed
          continue;
        }
        open.add(`${stat.dev}:${stat.ino}`);
        lastAt = Math.max(lastAt ?? 0, stat.atimeMs);
      }
      if (open.size === 0 && unseen > 0)
        return { value: null, lastAt, say: 'terminals are open that we cannot look at' };
      return { value: open.size, lastAt, say: open.size === 1 ? '1 terminal' : `${open.size} terminals` };
    },
  };
}

/** Which of /dev/pts it is; null for none, and for what is no terminal that people log in with. */
function pseudoTerminal(device: number): number | null {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major === UNIX98_MAJOR ? minor : null;
}

function statAt(path: string): { rdev: number; dev: number; ino: number; atimeMs: number } | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

const UNIX98_MAJOR = 136;
