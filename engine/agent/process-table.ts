import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process, told apart from a later one with the same number by when it started. */
export interface Process {
  readonly pid: number;
  readonly startedAt: string;
}

export interface ProcessRow extends Process {
  readonly parent: number;
  readonly name: string;
  /** The letter of /proc: T is stopped, Z is dead. */
  readonly state: string;
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
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')); // a name may hold parentheses itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, name, state: fields[0]!, parent: Number(fields[1]), startedAt: fields[19]! };
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
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return null;
  }
}
