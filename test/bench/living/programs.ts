import { readdirSync, readFileSync } from 'node:fs';

/** A program that ran while we watched: what it was called with, and from when to when it was seen. */
export interface Ran {
  readonly argv: readonly string[];
  readonly from: number;
  to: number;
}

/** Sees every program that runs longer than a moment on this computer, machines of the local marketplace included. */
export function watchPrograms(everyMs = EVERY_MS): Disposable & { readonly ran: readonly Ran[] } {
  const ran: Ran[] = [];
  const known = new Map<string, Ran | null>();
  const look = (): void => {
    const now = Date.now();
    const names = new Set(readdirSync('/proc').filter((name) => /^\d+$/.test(name)));
    for (const [pid, one] of known) {
      if (!names.has(pid)) known.delete(pid);
      else if (one) one.to = now;
    }
    for (const pid of names) {
      const before = known.get(pid);
      // One that has just been forked still is what its parent was.
      if (before !== undefined && (before === null || now - before.from > YOUNG_MS)) continue;
      const argv = argvOf(pid);
      if (before) Object.assign(before, { argv });
      else known.set(pid, argv.length === 0 ? null : keep({ argv, from: now, to: now }));
    }
  };
  const keep = (one: Ran): Ran => {
    ran.push(one);
    return one;
  };
  look();
  ran.length = 0; // who was there before is not looked at
  for (const pid of known.keys()) known.set(pid, null);
  const timer = setInterval(look, everyMs);
  return { ran, [Symbol.dispose]: () => clearInterval(timer) };
}

function argvOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

const EVERY_MS = 15;
const YOUNG_MS = 100;
