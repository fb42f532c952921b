import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Failure } from '../domain/failures.ts';
import { readIfThere } from '../files/whole-file.ts';
import { isOurs, membership } from './belonging.ts';
import { writeDurably } from './durable.ts';
import { living } from './life/living.ts';
import type { Place } from './place.ts';
import { hasOpen, isAlive, type Process, type ProcessRow, processes, processRow } from './process-table.ts';
import { silentSshServers } from './ssh-servers.ts';

/** The user's processes, standing still. */
export interface Freeze {
  readonly count: number;
  /** Lets all go on that we stopped, and none that somebody else had stopped. */
  thaw(): void;
  /** Who runs although everything was stopped: somebody who came in since. */
  newcomers(): readonly string[];
  /** Leaves them as they are: the machine ends. */
  keep(sequence: number): void;
}

/**
 * Stops everything of the user's that could write. Each process is written down before it is stopped, and a guard, which
 * outlives us, lets them go on if we are killed. Parents stop first and go on last: a shell that saw its program stop would
 * take the terminal away from it.
 */
export async function freeze(place: Place, signal: AbortSignal): Promise<Freeze> {
  const before = readStopped(place);
  const ours: Process[] = before.processes.filter(isStopped); // left by a run that was killed, or kept for this one
  const guard = startGuard(ours);
  const thaw = (): void => {
    letGo(ours);
    writeStopped(place, NOBODY);
    guard.dismiss();
  };
  try {
    // A list of processes is not of one moment: one that was born while it was read may be missing. Two in a row that
    // show nothing running are proof, since nothing that stands still can start another.
    let clean = 0;
    for (let round = 0; clean < 2; round++) {
      if (round > 0) await sleep(ROUND_MS, undefined, { signal });
      signal.throwIfAborted();
      const all = victims(place);
      const running = all.filter((row) => !standsStill(row, all));
      clean = running.length === 0 ? clean + 1 : 0;
      if (round * ROUND_MS > STILL_MS && clean === 0)
        throw new Failure('backup_failed', { why: `cannot stop ${running.slice(0, 3).map(nameOf).join(', ')}` });
      const fresh = running.filter(
        (row) => !ours.some((one) => one.pid === row.pid && one.startedAt === row.startedAt),
      );
      ours.push(...fresh.map(({ pid, startedAt }) => ({ pid, startedAt })));
      if (fresh.length > 0) writeStopped(place, { ...NOBODY, processes: ours });
      for (const row of fresh) guard.add(row);
      for (const row of running) tell(row, 'SIGSTOP');
    }
  } catch (cause) {
    thaw();
    throw cause;
  }
  return {
    count: ours.length,
    thaw,
    newcomers() {
      const all = victims(place);
      return all.filter((row) => !standsStill(row, all)).map(nameOf);
    },
    keep(sequence) {
      writeStopped(place, { kept: true, sequence, processes: ours });
      guard.dismiss();
    },
  };
}

/** The order whose verdict was that everything stays stopped. */
export function keptFor(place: Place): number {
  const { kept, sequence } = readStopped(place);
  return kept ? sequence : 0;
}

/** Lets go on what a killed agent left standing. Not what was kept on purpose: that machine is about to end. */
export function thawLeftovers(place: Place): void {
  const left = readStopped(place);
  if (left.kept || left.processes.length === 0) return;
  letGo(left.processes);
  writeStopped(place, NOBODY);
}

/** Lets go on what was kept after this order, because the machine did not end. */
export function thawKept(place: Place, sequence: number): void {
  const left = readStopped(place);
  if (!left.kept || left.sequence !== sequence) return;
  letGo(left.processes);
  writeStopped(place, NOBODY);
}

/** In the order in which they are to stop: who started whom comes first. */
function victims(place: Place): readonly ProcessRow[] {
  const rows = processes();
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const chain = (row: ProcessRow): readonly ProcessRow[] => {
    const above: ProcessRow[] = [];
    for (let at = byPid.get(row.parent); at && !above.includes(at); at = byPid.get(at.parent)) above.push(at);
    return above;
  };
  const self = byPid.get(process.pid);
  const heart = living(place)?.pid ?? process.pid; // the engine goes on hearing from it
  const keeper = byPid.get(heart)?.parent ?? 1; // it starts the heart again should it be killed meanwhile
  const spared = new Set([1, process.pid, heart, keeper, ...(self ? chain(self).map((row) => row.pid) : [])]);
  const belongs = membership(place);
  const silent = silentSshServers(rows);
  return rows
    .map((row) => ({ row, above: chain(row) }))
    .filter(({ row, above }) => {
      if (spared.has(row.pid) || row.state === 'Z' || row.state === 'X') return false;
      if (above.some((one) => one.pid === process.pid) || row.kernel) return false;
      if (silent.has(row.pid) || isOurs(place, row) || servesFiles(row)) return false;
      return belongs(row, above);
    })
    .toSorted((a, b) => a.above.length - b.above.length)
    .map(({ row }) => row);
}

/**
 * Stopped by us or by a debugger. Who started a program with vfork waits for it in the kernel, and when that one was stopped
 * before it began, both stand still, though only one is called stopped.
 */
function standsStill(row: ProcessRow, all: readonly ProcessRow[]): boolean {
  if (row.state === 'T' || row.state === 't') return true;
  return row.state === 'D' && all.some((child) => child.parent === row.pid && child.state === 'T');
}

/** A file system in a program: whoever touches its files, ourselves included, would wait for it for ever. */
const servesFiles = (row: ProcessRow): boolean => hasOpen(row.pid, '/dev/fuse');

function isStopped(one: Process): boolean {
  const row = processRow(one.pid);
  return row?.startedAt === one.startedAt && row.state === 'T';
}

function letGo(stopped: readonly Process[]): void {
  for (const one of stopped.toReversed()) if (isAlive(one)) tell(one, 'SIGCONT');
}

function tell(one: Process, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(one.pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

const nameOf = (row: ProcessRow): string => `${row.name} (${row.pid})`;

/**
 * A shell that reads the numbers of what was stopped. When our end of its pipe closes without a word, because we were
 * killed, it lets them go on.
 */
function startGuard(first: readonly Process[]): { add(one: Process): void; dismiss(): void } {
  const shell: ChildProcess = spawn('/bin/sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.on('error', () => undefined); // without a shell the next run of the agent does it
  shell.stdin?.on('error', () => undefined);
  const say = (word: string): void => void shell.stdin?.write(`${word}\n`);
  for (const one of first) say(String(one.pid));
  return {
    add: (one) => say(String(one.pid)),
    dismiss: () => void shell.stdin?.end('done\n'),
  };
}

/** Its list grows at the front, so that what stopped last goes on first. */
const GUARD = `trap '' HUP INT TERM
while read -r word; do
  if [ "$word" = done ]; then exit 0; fi
  list="$word $list"
done
for pid in $list; do kill -CONT "$pid" 2>/dev/null; done`;

const Stopped = z.object({
  kept: z.boolean(),
  sequence: z.number().int().default(0),
  processes: z.array(z.object({ pid: z.number().int(), startedAt: z.string() })),
});
type Stopped = z.infer<typeof Stopped>;

const NOBODY: Stopped = { kept: false, sequence: 0, processes: [] };

function readStopped(place: Place): Stopped {
  const file = fileOf(place);
  const text = existsSync(file) ? readIfThere(file) : null;
  return text === null ? NOBODY : Stopped.parse(JSON.parse(text));
}

function writeStopped(place: Place, stopped: Stopped): void {
  writeDurably(fileOf(place), JSON.stringify(stopped));
}

const fileOf = (place: Place): string => join(place.home, 'stopped.json');

const ROUND_MS = 20;
/** A process in an uninterruptible wait stops only when that ends. */
const STILL_MS = 10_000;
