import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isMissing, readIfThere, writeWhole } from '../../files/whole-file.ts';

/**
 * Machines that ended themselves. Each writes down when, in a file of its own, since the account belongs to the engine,
 * which may not run or may be writing at that moment. The account reads it from there.
 */
export function noteEnded(machineFolder: string, at: number): void {
  const folder = resolve(dirname(machineFolder), '..', ENDED);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeWhole(join(folder, basename(machineFolder)), String(at), { durable: true });
}

/** When this instance ended itself; null when it did not. */
export function endedAt(marketFolder: string, instance: string): number | null {
  const at = Number(readIfThere(join(marketFolder, ENDED, instance)));
  return at > 0 ? at : null;
}

export function endedOnes(marketFolder: string): readonly string[] {
  try {
    return readdirSync(join(marketFolder, ENDED));
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

export function forgetEnded(marketFolder: string, instance: string): void {
  rmSync(join(marketFolder, ENDED, instance), { force: true });
}

const ENDED = 'ended';
