import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The processes that this one started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));
  } catch {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'latin1' });
    return (stdout ?? '')
      .split('\n')
      .map(numbers)
      .filter(([parent]) => parent === pid)
      .map(([, child]) => child!);
  }
}

export function signalGroup(leader: number | null, name: NodeJS.Signals): void {
  if (leader === null) return;
  for (const target of [-leader, leader]) {
    try {
      process.kill(target, name);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
    }
  }
}

function numbers(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}
