import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../domain/failures.ts';
import type { JobOrder, JobStatus } from '../../domain/heartbeat.ts';
import { writeDurably } from '../durable.ts';
import type { Place } from '../place.ts';
import {
  claimedAt,
  endOf,
  hasEnded,
  isRunning,
  type JobFiles,
  jobFiles,
  keeperNote,
  knownJobs,
  orderFile,
  outputOf,
  readOrder,
} from './job-files.ts';
import { KEEPER } from './keeper-script.ts';
import { tailOf } from './tail.ts';

/** The programs that people had us start. They belong to the machine and outlive us; whoever opens them next finds them. */
export interface Jobs extends Disposable {
  /** Starts those that were never started. One that cannot be is tried again at the next call, and does not stop the others. */
  begin(orders: readonly JobOrder[]): void;
  statuses(): readonly JobStatus[];
}

export interface JobLimits {
  /** What a job prints beyond this is dropped, and its end says so. */
  readonly outputBytesMax: number;
}

/** `onEnd` is called soon after a job ended. */
export function openJobs(place: Place, onEnd: () => void, limits: JobLimits = LIMITS): Jobs {
  const open = new Set<string>();
  /** What is over is read once, since there may be many. */
  const over = new Map<string, JobStatus>();
  const told = new Set<string>();
  for (const files of knownJobs(place)) {
    if (claimedAt(files) !== null) open.add(files.id);
    if (hasEnded(files)) told.add(files.id);
  }

  const look = (id: string): JobStatus | null => {
    const known = over.get(id);
    if (known) return known;
    const status = statusOf(jobFiles(place, id));
    if (status?.state === 'ended') over.set(id, status);
    return status;
  };
  const notice = (): void => {
    const ended = [...open].filter((id) => !told.has(id) && lookOrNot(id)?.state === 'ended');
    for (const id of ended) told.add(id);
    if (ended.length > 0) onEnd();
  };
  /** On a broken disk nothing is known of it for now. */
  const lookOrNot = (id: string): JobStatus | null => {
    try {
      return look(id);
    } catch {
      return null;
    }
  };
  const watch = setInterval(notice, LOOK_MS);
  watch.unref();

  return {
    begin(orders) {
      const failures: unknown[] = [];
      for (const order of orders) {
        try {
          const files = jobFiles(place, order.id);
          if (open.has(order.id)) continue;
          start(place, files, order, limits, notice);
          open.add(order.id);
        } catch (cause) {
          failures.push(cause);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
    statuses() {
      const all = [...open].map(lookOrNot).filter((status) => status !== null);
      const ended = all.filter((status) => status.state === 'ended').toSorted((a, b) => endedAt(b) - endedAt(a));
      const named = ended.slice(0, NAMED).filter((status) => endedAt(status) > Date.now() - NAMED_MS);
      return [...all.filter((status) => status.state === 'running'), ...named];
    },
    [Symbol.dispose]() {
      clearInterval(watch);
    },
  };
}

const endedAt = (status: JobStatus): number => status.endedAt ?? 0;

/** The order is written down first. Should we be killed before it runs, the next one starts it; only one gets the claim. */
function start(place: Place, files: JobFiles, order: JobOrder, limits: JobLimits, onEnd: () => void): void {
  const note = readOrder(files) ?? { argv: order.argv, at: Date.now() };
  mkdirSync(files.state, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(files.output), { recursive: true });
  const { id } = files;
  const meta = JSON.stringify({ id, argv: note.argv, startedAt: new Date(note.at).toISOString() });
  writeDurably(join(files.state, 'meta'), meta.slice(0, -1)); // its end is added to it
  writeDurably(orderFile(files), JSON.stringify(note));
  const args = ['-c', KEEPER, 'dumont-job', files.state, files.output, String(limits.outputBytesMax), ...note.argv];
  const keeper = spawn('/bin/sh', args, {
    cwd: join(place.root, 'workspace'),
    env: loginEnvironment(place),
    stdio: 'ignore',
    detached: true,
  });
  keeper.on('error', (cause) => {
    try {
      endUnstarted(files, reasonOf(cause));
    } catch {
      // a disk that takes no notes: it is begun again by the next agent
    }
  });
  keeper.on('exit', onEnd);
  keeper.unref();
}

/** What an engine's login gave us, and what any login would have. */
function loginEnvironment(place: Place): NodeJS.ProcessEnv {
  const defaults = {
    HOME: join(place.root, 'root'),
    USER: 'root',
    LOGNAME: 'root',
    SHELL: existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
  };
  // biome-ignore lint/style/noProcessEnv: it is handed on, not read
  return { ...defaults, ...process.env };
}

/** As a shell says it: 127. */
function endUnstarted(files: JobFiles, why: string): void {
  appendFileSync(files.output, `[dumont: it could not be started: ${why}]\n`);
  mkdirSync(join(files.state, 'claim'), { recursive: true });
  writeDurably(join(files.state, 'code'), '127');
}

/** Null when nobody has taken it on yet. */
function statusOf(files: JobFiles): JobStatus | null {
  const order = readOrder(files);
  const claimed = claimedAt(files);
  if (!order || claimed === null) return null;
  const note = keeperNote(files); // read once: written between two looks, it would name a keeper that never ran
  const running = isRunning(note); // asked before its end is looked for, so that an end in between is not missed
  let end = endOf(files);
  if (!end && !running && (note !== null || Date.now() - claimed > CLAIM_MS)) {
    // The machine was started anew, or everything of it was killed, its keeper too.
    end = { code: KILLED, at: Date.now() };
    try {
      writeDurably(join(files.state, 'code'), String(KILLED));
    } catch {
      // a full disk: that it ended is known all the same
    }
  }
  return {
    id: files.id,
    state: end ? 'ended' : 'running',
    startedAt: order.at,
    endedAt: end?.at ?? null,
    code: end?.code ?? null,
    tail: tailOf(files.output),
    output: `/${outputOf(files.id)}`,
  };
}

const LIMITS: JobLimits = { outputBytesMax: 1024 ** 3 };
const LOOK_MS = 1_000;
/** Between taking a job on and writing down who did. */
const CLAIM_MS = 5_000;
const KILLED = 128 + 9;
/** Ended jobs are named this long, and never started again. */
const NAMED = 50;
const NAMED_MS = 7 * 24 * 3_600_000;
