import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resticProgram } from '../restic/which-restic.ts';
import type { World } from './machine.ts';

/** A restic that has the repository for itself and stands still. */
export async function lockedBy({ repository: { url, password } }: Pick<World, 'repository'>): Promise<ChildProcess> {
  const isLocked = (): boolean => readdirSync(join(url, 'locks')).some((name) => !name.includes('-tmp-'));
  for (;;) {
    const child = spawn(resticProgram!, ['--repo', url, '--no-cache', 'check', '--read-data'], {
      env: { RESTIC_PASSWORD: password },
      stdio: 'ignore',
    });
    while (child.exitCode === null && !isLocked()) await sleep(1);
    child.kill('SIGSTOP');
    if (child.exitCode === null && isLocked()) return child;
  }
}
