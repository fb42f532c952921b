import { createHash } from 'node:crypto';
import { chmodSync, linkSync, renameSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Failure } from '../../domain/failures.ts';
import type { AgentAnswer } from '../../domain/heartbeat.ts';
import { writeDurably } from '../durable.ts';
import { fetchObject } from '../transfer.ts';

/** A program that took the place of an older one, for as long as it is not known whether it runs. */
export interface Installed {
  keep(): void;
  undo(): void;
}

/** Fetched and checked; what it returns puts it where programs are started from, in one move. */
export async function fetchProgram(
  program: string,
  newer: NonNullable<AgentAnswer['program']>,
  signal: AbortSignal,
): Promise<() => Installed> {
  const bytes = await promisify(gunzip)(await fetchObject(newer.url, 'the newer program', signal));
  const met = createHash('sha256').update(bytes).digest('hex');
  if (met !== newer.sha256)
    throw new Failure('bad_request', { why: 'the newer program is not the one that was meant' });
  return () => {
    const [fresh, before] = [`${program}.next`, `${program}.before`];
    writeDurably(fresh, bytes);
    chmodSync(fresh, 0o755);
    rmSync(before, { force: true });
    linkSync(program, before);
    renameSync(fresh, program);
    return {
      keep: () => rmSync(before, { force: true }),
      undo: () => renameSync(before, program),
    };
  };
}
