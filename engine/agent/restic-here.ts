import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryAccess } from '../domain/agent-shapes.ts';
import { Failure } from '../domain/failures.ts';
import { readIfThere } from '../files/whole-file.ts';
import { type Access, openAccess } from '../restic/access.ts';
import { outcomeOf, PARTIAL, whyOf } from '../restic/outcome.ts';
import { type Ran, runRestic } from '../restic/run.ts';
import { writeDurably } from './durable.ts';
import { resticCache } from './head-start.ts';
import type { Lock } from './lock.ts';
import type { Place } from './place.ts';
import { processRow } from './process-table.ts';

/** restic on this machine, opened for one repository. */
export interface Restic extends AsyncDisposable {
  /** Rejects with the failure that the exit code means; a backup that left files out is no failure. */
  run(
    args: readonly string[],
    otherwise: 'backup_failed' | 'restore_failed',
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Ran>;
  /** The same, for one that prints a file. */
  read(args: readonly string[], onBytes: (bytes: Buffer) => void, signal: AbortSignal): Promise<void>;
  /** Fresh credentials, also for a restic that runs. */
  renew: Access['renew'];
  /** From now on people's processes stand still: storage that does not answer, or is locked, is given up soon. */
  hurry(): void;
}

/** Holding the lock, so that what it removes is nobody's any more. */
export async function openRestic(place: Place, repository: RepositoryAccess, lock: Lock): Promise<Restic> {
  if (!existsSync(place.restic))
    throw new Failure('backup_failed', { why: `restic is not at ${place.restic}; install the tools again` });
  const access = await openSecrets(place, repository);
  let hurried = false;
  const start = async (
    args: readonly string[],
    otherwise: 'backup_failed' | 'restore_failed',
    sink: { onLine: (line: string) => void } | { onBytes: (bytes: Buffer) => void },
    signal: AbortSignal,
  ): Promise<Ran> => {
    const ran = await runRestic(
      {
        program: place.restic,
        args: hurried ? inAHurry(args) : args,
        environment: access.environment,
        cwd: place.root,
        ...sink,
        onStart: ({ pid }) => {
          const row = pid === undefined ? null : processRow(pid);
          if (row) lock.remember(row);
        },
        watchStill: true,
        patienceMs: hurried ? HURRIED_PATIENCE_MS : STORAGE_PATIENCE_MS,
      },
      signal,
    );
    const code = outcomeOf(ran.code, ran.words, ran.outOfPatience ? 'storage_down' : otherwise);
    if (code && ran.code !== PARTIAL)
      throw new Failure(code, { why: whyOf(ran.words), workspace: '', url: repository.url });
    return ran;
  };
  return {
    run: (args, otherwise, onLine, signal) => start(args, otherwise, { onLine }, signal),
    async read(args, onBytes, signal) {
      await start(args, 'restore_failed', { onBytes }, signal);
    },
    renew: access.renew,
    hurry() {
      hurried = true;
    },
    [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
  };
}

/** On a file system in memory where there is one. What an agent that was killed left there is removed first. */
async function openSecrets(place: Place, repository: RepositoryAccess): Promise<Access> {
  const note = join(place.home, 'secrets');
  const left = readIfThere(note);
  if (left?.includes('/dumont-')) rmSync(left, { recursive: true, force: true });
  const memory = ['/dev/shm', '/run'].find(isWritable) ?? join(place.home, 'tmp');
  const secrets = join(memory, `dumont-${randomBytes(8).toString('hex')}`);
  writeDurably(note, secrets); // first: whoever comes after a kill must find them
  return await openAccess(repository, {
    secrets,
    cache: resticCache(place),
    temporary: join(place.home, 'tmp'),
  });
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const inAHurry = (args: readonly string[]): readonly string[] => [
  ...['--stuck-request-timeout', '12s'],
  ...args.map((arg, at) => (args[at - 1] === '--retry-lock' ? '5s' : arg)),
];

const STORAGE_PATIENCE_MS = 120_000;
/** From the first request that was given up, or from the last byte. */
const HURRIED_PATIENCE_MS = 12_000;
