import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** A process, told apart from a later one with the same number by when it started. */
export interface Process {
  readonly pid: number;
  readonly startedAt: string;
}

export interface ProcessRow extends Process {
  readonly parent: number;
  /** The process that began its session. */
  readonly session: number;
  readonly name: string;
  /** The letter of /proc: T is stopped, Z is dead. */
  readonly state: string;
  /** A thread of the kernel, which no signal stops. */
  readonly kernel: boolean;
  /** The device number of the terminal it belongs to; 0 when it has none. */
  readonly terminal: number;
  /** Hundredths of a second of processor time, its own and that of its children that ended. */
  readonly ticks: number;
  /** How often it touched new memory, those children included: who did nothing at all did not do that either. */
  readonly faults: number;
}

export function processes(): readonly ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processRow(Number(name)));
  return rows.filter((row) => row !== null);
}

/** Null when there is no such process, or no /proc. */
export function processRow(pid: number): ProcessRow | null {
  try {
    const stat = readProc(`/proc/${pid}/stat`);
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')); // a name may hold parentheses itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const kernel = (Number(fields[6]) & PF_KTHREAD) !== 0;
    const [parent, session, terminal] = [Number(fields[1]), Number(fields[3]), Number(fields[4])];
    const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
    const faults = Number(fields[7]) + Number(fields[8]);
    return { pid, name, state: fields[0]!, parent, session, startedAt: fields[19]!, kernel, terminal, ticks, faults };
  } catch {
    return null;
  }
}

export function thisProcess(): Process {
  return { pid: process.pid, startedAt: processRow(process.pid)?.startedAt ?? '' };
}

export function isAlive({ pid, startedAt }: Process): boolean {
  const row = processRow(pid);
  if (row !== null) return row.startedAt === startedAt && row.state !== 'Z';
  if (startedAt !== '') return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Which view of the file systems a process has; null when we may not know. */
export function mountsOf(pid: number | 'self'): string | null {
  return linkOf(`/proc/${pid}/ns/mnt`);
}

/** Has this process a file open that `name` is the path of? */
export function hasOpen(pid: number, name: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((file) => linkOf(`/proc/${pid}/fd/${file}`) === name);
  } catch {
    return false;
  }
}

export function programOf(pid: number): string | null {
  return linkOf(`/proc/${pid}/exe`);
}

/** A short file of /proc, read in one go. Many are read often. Throws when the process has ended, or is not ours to ask. */
export function readProc(path: string): string {
  const file = openSync(path, 'r');
  try {
    return BUFFER.toString('latin1', 0, readSync(file, BUFFER, 0, BUFFER.length, 0));
  } finally {
    closeSync(file);
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

const PF_KTHREAD = 0x00200000;
const BUFFER = Buffer.alloc(4096);
