import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Failure } from '../domain/failures.ts';
import { readIfThere } from '../files/whole-file.ts';
import { codeOf, writeDurably } from './durable.ts';
import type { Place } from './place.ts';
import { isAlive, type Process, thisProcess } from './process-table.ts';

const Holder = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  /** `save`, or the job of a restore. */
  what: z.string(),
  /** Its restics. They may outlive it when it is killed, and must end before another one starts. */
  children: z.array(z.object({ pid: z.number().int(), startedAt: z.string() })),
});
export type Holder = z.infer<typeof Holder>;

export interface Lock extends Disposable {
  /** Remembers a process that must not outlive us. */
  remember(child: Process): void;
}

/** One save or restore at a time on a machine. */
export async function takeLock(place: Place, what: string): Promise<Lock> {
  const file = join(place.home, 'lock');
  const mine: Holder = { ...thisProcess(), what, children: [] };
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(mine), { mode: 0o600, flush: true });
  try {
    while (!linked(fresh, file)) {
      const holder = lockHolder(place);
      if (holder && isAlive(holder))
        throw new Failure('repository_locked', { workspace: 'this machine', why: `busy with ${holder.what}` });
      // Whoever renames it owns the leftovers; the other one finds nothing to rename.
      const stale = `${file}.stale.${process.pid}`;
      try {
        renameSync(file, stale);
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT') throw cause;
        continue;
      }
      const moved = holderIn(stale);
      if (moved && isAlive(moved))
        linkSync(stale, file); // another one was quicker, and this is its lock
      else await endAll(moved?.children ?? []);
      rmSync(stale, { force: true });
    }
  } finally {
    rmSync(fresh, { force: true });
  }
  return {
    remember(child) {
      mine.children.push({ pid: child.pid, startedAt: child.startedAt });
      writeDurably(file, JSON.stringify(mine));
    },
    [Symbol.dispose]() {
      rmSync(file, { force: true });
    },
  };
}

export function lockHolder(place: Place): Holder | null {
  return holderIn(join(place.home, 'lock'));
}

function holderIn(file: string): Holder | null {
  const text = readIfThere(file);
  if (text === null) return null;
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return null; // written by nobody that lives: a writer renames
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

async function endAll(children: readonly Process[]): Promise<void> {
  for (const child of children) {
    for (let waitedMs = 0; isAlive(child); waitedMs += 100) {
      tell(child, waitedMs < TERM_MS ? 'SIGTERM' : 'SIGKILL');
      await sleep(100);
    }
  }
}

function tell({ pid }: Process, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if (codeOf(cause) !== 'ESRCH') throw cause; // it has ended meanwhile
  }
}

const TERM_MS = 10_000;
