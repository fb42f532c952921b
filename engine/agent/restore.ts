import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentEvent, type RestoreOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { codeOf, readIfThere } from './durable.ts';
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
  const folder = jobFolder(place, order.job);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const events = eventsFile(place, order.job);
  if (isRunning(place, order.job) || cameToItsEnd(events))
    return await follow(place, order.job, talk, { from: 0, worker: null }, AbortSignal.any([signal, talk.deaf]));
  const before = inodeOf(events);
  const log = join(folder, 'worker.log');
  const worker = startWorker(line, self, log);
  await follow(
    place,
    order.job,
    talk,
    { from: before, worker: { ...worker, log } },
    AbortSignal.any([signal, talk.deaf]),
  );
}

export function jobFolder(place: Place, job: string): string {
  if (!/^[\w-][\w.-]{0,200}$/.test(job)) throw new Failure('bad_request', { why: `${job} is no name of a job` });
  return join(place.home, 'jobs', job);
}

export const eventsFile = (place: Place, job: string): string => join(jobFolder(place, job), 'events.jsonl');
export const lockName = (job: string): string => `restore ${job}`;

interface Worker {
  readonly ended: () => boolean;
  readonly log: string;
}

function startWorker(line: string, self: Self, log: string): Pick<Worker, 'ended'> {
  const output = openSync(log, 'w', 0o600);
  try {
    const worker = spawn(process.execPath, [self.program, 'restore-worker', ...self.argv], {
      detached: true,
      stdio: ['pipe', output, output],
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
  talk: Talk,
  start: { readonly from: number; readonly worker: Worker | null },
  signal: AbortSignal,
): Promise<void> {
  const tail = new Tail(eventsFile(place, job), start.worker ? start.from : 0);
  for (;;) {
    // Looked at before the file: what it wrote last is then not missed.
    const working = start.worker ? !start.worker.ended() || isRunning(place, job) : isRunning(place, job);
    for (const event of withoutOldProgress(tail.read())) {
      talk.say(event);
      if (event.event === 'failed') process.exitCode = 1;
      if (event.event === 'failed' || event.event === 'complete') return;
    }
    if (!working) throw new Failure('restore_failed', { why: lastWords(start.worker) });
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Reads what was added to a file; from its beginning again when another file took its place. */
class Tail {
  readonly #path: string;
  #inode: number;
  #skipped: number;
  #at = 0;
  #rest = '';

  /** A file with the inode `skipped` is of an earlier try, and is not read. */
  constructor(path: string, skipped: number) {
    this.#path = path;
    this.#inode = skipped;
    this.#skipped = skipped;
  }

  read(): readonly AgentEvent[] {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return [];
      throw cause;
    }
    try {
      const { ino, size } = fstatSync(file);
      if (ino === this.#skipped) return [];
      if (ino !== this.#inode) {
        this.#inode = ino;
        this.#skipped = 0;
        this.#at = 0;
        this.#rest = '';
      }
      const bytes = Buffer.alloc(Math.max(size - this.#at, 0));
      this.#at += readSync(file, bytes, 0, bytes.length, this.#at);
      const lines = (this.#rest + bytes.toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines.map((line) => AgentEvent.parse(JSON.parse(line)));
    } finally {
      closeSync(file);
    }
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

function inodeOf(path: string): number {
  try {
    const file = openSync(path, 'r');
    const { ino } = fstatSync(file);
    closeSync(file);
    return ino;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return 0;
    throw cause;
  }
}

function lastWords(worker: Worker | null): string {
  const words = worker ? readFileSync(worker.log, 'utf8').trim().split('\n').slice(-5).join(' ') : '';
  return words || 'the restore was interrupted; ask again and it goes on';
}

const LOOK_MS = 100;
