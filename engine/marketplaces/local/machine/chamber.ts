import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { ProcessId } from '../process-id.ts';

/** Where a machine's programs run. */
export interface Chamber {
  /** The machine's root, as a path for whoever stands outside. */
  readonly root: string;
  /** The same for a program inside: empty where the machine has a root of its own. */
  readonly prefix: string;
  /** The first process inside; null where there is none whose end would end the others. */
  readonly init: ProcessId | null;
  run(argv: readonly string[], environment: Readonly<Record<string, string>>): Inside;
  /** Resolves when everything inside is over. */
  readonly ended: Promise<void>;
  /** Ends everything inside. */
  close(): Promise<void>;
}

/** A program inside a machine, the leader of a session of its own. */
export interface Inside {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its number outside; null before it started and after it ended. */
  pid(): number | null;
  /** To it and everything in its group. */
  signal(name: NodeJS.Signals): void;
}

export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
