import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the words of this system. */
  readonly startedAt: string;
}

/** Null when there is no such process, or only its remains. */
export function identify(pid: number): ProcessId | null {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.startedAt === id.startedAt;
}

/** Sends nothing when the process is over, even if another one has its number now. */
export function signalProcess(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/** Waits until it is over; false when it still runs after `ms`. */
export async function over(id: ProcessId, ms: number): Promise<boolean> {
  for (let waited = 0; isAlive(id); waited += LOOK_MS) {
    if (waited >= ms) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

const LOOK_MS = 5;

/** The start is counted from boot, so it is told together with which boot. */
function startOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold blanks and brackets
    const [state = '', start = ''] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? null : `${bootId()}/${start}`;
  } catch {
    return null;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function startByPs(pid: number): string | null {
  const { stdout } = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [, state = '', start = ''] = /^\s*(\S+)\s+(.+?)\s*$/m.exec(stdout ?? '') ?? [];
  return start === '' || state.startsWith('Z') ? null : start;
}
