import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import { readIfThere } from '../../files/whole-file.ts';
import type { Place } from '../place.ts';
import { isAlive, type Process, processes } from '../process-table.ts';

/** Where a job is written down, and where what it prints lies: among the user's own files, so that it is backed up. */
export interface JobFiles {
  readonly id: string;
  readonly state: string;
  readonly output: string;
}

export function jobFiles(place: Place, id: string): JobFiles {
  if (!NAME.test(id)) throw new Failure('bad_request', { why: `${id} is no name of a job` });
  return { id, state: join(stateFolder(place), id), output: join(place.root, outputOf(id)) };
}

/** As people on the machine call it. */
export const outputOf = (id: string): string => `workspace/.dumont/runs/${id}/output.txt`;

export function knownJobs(place: Place): readonly JobFiles[] {
  const names = readdirSync(stateFolder(place)).filter((name) => NAME.test(name));
  return names.map((id) => jobFiles(place, id));
}

function stateFolder(place: Place): string {
  const folder = join(place.home, 'runs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Written before anything is started. */
const Order = z.object({ argv: z.array(z.string()), at: z.number() });
export type JobNote = z.infer<typeof Order>;

export const orderFile = (files: JobFiles): string => join(files.state, 'order.json');

/** Null when it was never ordered, or a crash tore the note: then nothing was started either. */
export function readOrder(files: JobFiles): JobNote | null {
  try {
    return Order.parse(JSON.parse(readIfThere(orderFile(files)) ?? 'null'));
  } catch {
    return null;
  }
}

/** What the shell that took it on wrote down of itself; null before. */
export const keeperNote = (files: JobFiles): string | null => readIfThere(join(files.state, 'keeper'), 'latin1');

/** When the shell that keeps it took it on; null before. */
export function claimedAt(files: JobFiles): number | null {
  return statSync(join(files.state, 'claim'), { throwIfNoEntry: false })?.mtimeMs ?? null;
}

export function endOf(files: JobFiles): { readonly code: number; readonly at: number } | null {
  const file = join(files.state, 'code');
  const text = readIfThere(file);
  return text === null ? null : { code: Number(text), at: statSync(file).mtimeMs };
}

/** On a broken disk nobody knows, and then it has not. */
export function hasEnded(files: JobFiles): boolean {
  try {
    return endOf(files) !== null;
  } catch {
    return false;
  }
}

/** The shell that keeps it, or null when that is not known. */
function keeperOf(note: string | null): Process | null {
  const [pid = '', stat = '', boot = ''] = (note ?? '').split('\n');
  if (pid === '') return null;
  if (stat === '') return { pid: Number(pid), startedAt: '' }; // a system without /proc
  if (boot.trim() !== bootId()) return null;
  return { pid: Number(pid), startedAt: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '' };
}

const bootId = (): string => (readIfThere('/proc/sys/kernel/random/boot_id') ?? '').trim();

/** It, or something of its session: a program lives on when the shell that kept it was killed. */
export function isRunning(note: string | null): boolean {
  const keeper = keeperOf(note);
  if (!keeper) return false;
  return isAlive(keeper) || processes().some((row) => row.session === keeper.pid && row.state !== 'Z');
}

/** The first processes of the jobs that run: what descends from them is the user's. */
export function jobLeaders(place: Place): ReadonlySet<number> {
  const open = knownJobs(place).filter((files) => !hasEnded(files));
  return new Set(open.flatMap((files) => keeperOf(keeperNote(files))?.pid ?? []));
}

const NAME = /^[\w-][\w.-]{0,200}$/;
