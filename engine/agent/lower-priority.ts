import { spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';

/**
 * People work here. What is started from here on, restic too, inherits it, and in most containers nobody may take it back:
 * only a process that starts nothing of a person's does this to itself.
 */
export function lowerPriority(nice: number): void {
  setPriority(nice);
  spawnSync('ionice', ['-c', '3', '-p', String(process.pid)], { stdio: 'ignore' }); // not every image has it
}
