import { makeClone } from './backups/clone.ts';
import { tryOut } from './backups/drill.ts';
import { rekey } from './backups/rekey.ts';
import type { Operation } from './domain/operation.ts';
import type { Ports } from './domain/ports.ts';

interface Worker {
  readonly work: (operation: string, ports: Ports, signal: AbortSignal) => Promise<void>;
  /** Works of one name wait for each other. */
  readonly turn: (operation: Operation) => string;
}

/** Who looks after the backups of a workspace has it alone. */
export const upkeepTurn = (workspace: string): string => `upkeep/${workspace}`;

/** Who does what was asked for where no machine of the workspace has a part in it. */
export const WORKERS: ReadonlyMap<string, Worker> = new Map<string, Worker>([
  ['clone', { work: makeClone, turn: ({ id }) => `clone/${id}` }],
  ['give', { work: makeClone, turn: ({ id }) => `clone/${id}` }],
  ['drill', { work: tryOut, turn: () => 'drill' }], // each may take much of the control host's disk
  ['rekey', { work: rekey, turn: ({ workspace }) => upkeepTurn(workspace) }],
]);
