import { makeClone } from './clone.ts';
import type { Ports } from './domain/ports.ts';
import { tryOut } from './drill.ts';

interface Worker {
  readonly work: (operation: string, ports: Ports, signal: AbortSignal) => Promise<void>;
  /** One after the other: each may take much of the control host's disk. */
  readonly alone: boolean;
}

/** Who does what was asked for where no machine of the workspace has a part in it. */
export const WORKERS: ReadonlyMap<string, Worker> = new Map([
  ['clone', { work: makeClone, alone: false }],
  ['give', { work: makeClone, alone: false }],
  ['drill', { work: tryOut, alone: true }],
]);
