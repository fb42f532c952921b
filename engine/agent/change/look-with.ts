import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Failure } from '../../domain/failures.ts';
import type { Self } from '../restore.ts';
import { foldersMax } from './folders-max.ts';
import type { LookOrder } from './look-verb.ts';
import { Difference } from './walk-memory.ts';
import type { Wanted } from './watch-changes.ts';

/** Looks with a child, which is this same program. */
export function lookWith(self: Self, wanted: Wanted): (signal: AbortSignal) => Promise<Difference> {
  return async (signal) => {
    const order: LookOrder = { ...wanted, foldersMax: foldersMax() };
    const child = spawn(process.execPath, [self.program, 'look', ...self.argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]),
      killSignal: 'SIGKILL',
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    child.stdin.on('error', () => undefined); // it ended at once: its code says so
    child.stdin.end(`${JSON.stringify(order)}\n`);
    const [code, said, words] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (code !== 0)
      throw new Failure('backup_failed', { why: lastLine(said) || lastLine(words) || `the look ended with ${code}` });
    return Difference.parse(JSON.parse(said));
  };
}

const lastLine = (words: string): string => words.trim().split('\n').at(-1) ?? '';

const LOOK_MS = 10 * 60_000;
