import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import { startChild } from '../life/child.ts';
import type { Self } from '../restore.ts';
import { foldersMax } from './folders-max.ts';
import type { LookOrder } from './look-verb.ts';
import { Difference } from './walk-memory.ts';
import type { Wanted } from './watch-changes.ts';

/** Looks with a child, which is this same program. */
export function lookWith(self: Self, wanted: Wanted): (signal: AbortSignal) => Promise<Difference> {
  return async (signal) => {
    const order: LookOrder = { ...wanted, foldersMax: foldersMax() };
    let said = '';
    const hear = (line: string): void => {
      said = line;
    };
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const code = await startChild(self, 'look', order, hear, patience).ended;
    patience.throwIfAborted();
    const heard: unknown = JSON.parse(said || 'null');
    if (code === 0) return Difference.parse(heard);
    throw new Failure('backup_failed', { why: Failed.safeParse(heard).data?.why ?? `the look ended with ${code}` });
  };
}

const Failed = z.object({ why: z.string() });
const LOOK_MS = 10 * 60_000;
