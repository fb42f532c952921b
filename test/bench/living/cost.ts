import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process and all that it started cost so far. */
export interface Cost {
  readonly cpuSeconds: number;
  /** Of the process itself: the most it had since `forgetPeak`, and what it has now. */
  readonly peakBytes: number;
  readonly bytes: number;
  /** With everything it started that runs right now. */
  readonly familyBytes: number;
}

export function costOf(pid: number): Cost {
  const family = [pid, ...descendants(pid)].map(readProcess).filter((one) => one !== null);
  const [self] = family;
  if (!self || self.pid !== pid) throw new Error(`process ${pid} has ended`);
  return {
    cpuSeconds: family.reduce((sum, one) => sum + one.ticks, 0) / TICKS_PER_SECOND,
    peakBytes: self.peakBytes,
    bytes: self.bytes,
    familyBytes: family.reduce((sum, one) => sum + one.bytes, 0),
  };
}

/** From now on its peak is counted anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The number, on this computer, of the agent that lives on the machine with this root. */
export function agentOf(root: string): number {
  const file = 'opt/dumont/life/living.json';
  const wanted = statSync(join(root, file));
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (!words.includes('live')) continue;
      const seen = statSync(`/proc/${name}/root/${file}`);
      if (seen.ino === wanted.ino && seen.dev === wanted.dev) return Number(name);
    } catch {
      // it has ended, or is not ours to look at
    }
  }
  throw new Error(`no agent lives on ${root}`);
}

/** Those that run right now, with their arguments. */
export function descendants(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children
      .filter(Boolean)
      .map(Number)
      .flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

function readProcess(pid: number): { pid: number; ticks: number; peakBytes: number; bytes: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
    return { pid, ticks, peakBytes: kilobytes('VmHWM'), bytes: kilobytes('VmRSS') };
  } catch {
    return null;
  }
}

const TICKS_PER_SECOND = 100;
