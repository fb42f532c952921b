import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RESTIC_MINIMUM } from './restic-release.ts';

/** Which version a program says that it is; null when it cannot be run or is no restic. */
export async function versionOf(program: string, signal: AbortSignal): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, ['version'], { signal, timeout: VERSION_MS });
    return /^restic (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

const VERSION_MS = 10_000;

export function isNewEnough(version: string): boolean {
  return version.localeCompare(RESTIC_MINIMUM, 'en', { numeric: true }) >= 0;
}
