import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentEvent, type RestoreOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { readIfThere } from '../files/whole-file.ts';
import { codeOf } from './durable.ts';
import { lockHolder } from './lock.ts';
import type { Place } from './place.ts';
import { isAlive } from './process-table.ts';
import type { Talk } from './talk.ts';

/** How this very program was started, to start it again. */
export interface Self {
  /** What follows the verb. */
  readonly argv: readonly string[];
  readonly program: string;
}

/**
 * Starts the worker of a restore and tells what it does. The worker belongs to the machine: it goes on when we end with the
 * connection. A job that is running is followed, one that came to its end repeats it, and one that failed or was killed
 * goes on where it was.
 */
export async function restore(
  order: RestoreOrder,
  line: string,
  place: Place,
  self: Self,
  talk: Talk,
  signal: AbortSignal,
): Promise<void> {
  const { job } = order;
  const folder = jobFolder(place, job);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const listening = AbortSignal.any([signal, talk.deaf]);
  const before = currentTry(place, job);
  if (before && (isRunning(place, job) || cameToItsEnd(before)))
    return await follow(place, job, before, null, talk, listening);
  const attempt = randomBytes(8).toString('hex');
  const log = join(folder, 'worker.log');
  const worker = startWorker(line, self, attempt, log);
  await follow(place, job, eventsFile(place, job, attempt), { ...worker, log }, talk, listening);
}

export function jobFolder(place: Place, job: string): string {
  if (!/^[\w-][\w.-]{0,200}$/.test(job)) throw new Failure('bad_request', { why: `${job} is no name of a job` });
  return join(place.home, 'jobs', job);
}

/** Each try has a file of events of its own, so that nobody takes an old end for the new one. */
export function eventsFile(place: Place, job: string, attempt: string): string {
  return join(jobFolder(place, job), `events-${attempt}.jsonl`);
}

/** Which of them is the last one whose worker held the lock. */
export const currentFile = (place: Place, job: string): string => join(jobFolder(place, job), 'current');

function currentTry(place: Place, job: string): string | null {
  const attempt = readIfThere(currentFile(place, job));
  return attempt === null ? null : eventsFile(place, job, attempt.trim());
}

export const lockName = (job: string): string => `restore ${job}`;

interface Worker {
  readonly ended: () => boolean;
  readonly log: string;
}

function startWorker(line: string, self: Self, attempt: string, log: string): Pick<Worker, 'ended'> {
  const output = openSync(log, 'w', 0o600);
  try {
    const worker = spawn(process.execPath, [self.program, 'restore-worker', ...self.argv, '--attempt', attempt], {
      detached: true,
      stdio: ['pipe', output, output],
      // biome-ignore lint/style/noProcessEnv: it is the same program, with memory of another kind.
      env: { ...process.env, ...KEEPING_MEMORY },
    });
    let over = false;
    worker.on('exit', () => {
      over = true;
    });
    worker.on('error', () => {
      over = true;
    });
    worker.stdin?.on('error', () => undefined); // it ended at once: its log says why
    worker.stdin?.end(`${line}\n`);
    worker.unref();
    return { ended: () => over };
  } finally {
    closeSync(output);
  }
}

/** Says what stands in the file of events, and what is added to it, up to the end. */
async function follow(
  place: Place,
  job: string,
  file: string,
  worker: Worker | null,
  talk: Talk,
  signal: AbortSignal,
): Promise<void> {
  const tail = { file, at: 0, rest: '' };
  for (;;) {
    // Looked at before the file: what it wrote last is then not missed.
    const working = worker ? !worker.ended() : isRunning(place, job);
    for (const event of withoutOldProgress(readMore(tail))) {
      talk.say(event);
      if (event.event === 'failed') process.exitCode = 1;
      if (event.event === 'failed' || event.event === 'complete') return;
    }
    if (!working) {
      // Another one was quicker to start its worker: ours gave way to it.
      const other = worker && isRunning(place, job) ? currentTry(place, job) : null;
      if (other) return await follow(place, job, other, null, talk, signal);
      throw new Failure('restore_failed', { why: lastWords(worker) });
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

interface Tail {
  readonly file: string;
  at: number;
  rest: string;
}

function readMore(tail: Tail): readonly AgentEvent[] {
  let file: number;
  try {
    file = openSync(tail.file, 'r');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw cause;
  }
  try {
    const bytes = Buffer.alloc(Math.max(fstatSync(file).size - tail.at, 0));
    tail.at += readSync(file, bytes, 0, bytes.length, tail.at);
    const lines = (tail.rest + bytes.toString('latin1')).split('\n');
    tail.rest = lines.pop() ?? '';
    return lines.map((line) => AgentEvent.parse(JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))));
  } finally {
    closeSync(file);
  }
}

function withoutOldProgress(events: readonly AgentEvent[]): readonly AgentEvent[] {
  const last = events.findLastIndex((event) => event.event === 'progress');
  return events.filter((event, index) => event.event !== 'progress' || index === last);
}

function isRunning(place: Place, job: string): boolean {
  const holder = lockHolder(place);
  return holder !== null && holder.what === lockName(job) && isAlive(holder);
}

function cameToItsEnd(events: string): boolean {
  return readIfThere(events)?.includes('{"event":"complete"') ?? false;
}

function lastWords(worker: Worker | null): string {
  const words = worker ? readFileSync(worker.log, 'utf8').trim().split('\n').slice(-5).join(' ') : '';
  return words || 'the restore was interrupted; ask again and it goes on';
}

const LOOK_MS = 20;
/**
 * For the C library: what was let go is used again, not handed back to the system, which would clear it once more. Of each
 * thread no more than a few segments, or a wake of 7.5 GB took over a gigabyte of memory.
 */
const KEEPING_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
};
