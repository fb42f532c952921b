import { Failure, isFailure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, Shell } from '../domain/ports.ts';
import { within } from './deadline.ts';

/** Connects to a machine we have met before: its pinned key, within the connect deadline. */
export async function reach(machine: Machine, ports: Ports, signal: AbortSignal): Promise<Shell> {
  const { address, hostKey } = machine;
  if (!address) throw new Failure('ssh_refused', { address: machine.label, why: 'its address is not known yet' });
  return await within(
    'connect',
    ports.settings.race.deadlines.connectMs,
    ports.clock,
    signal,
    async (connectSignal) => await ports.connect(address, hostKey, connectSignal),
  );
}

/** It says nothing of what was asked for: that is asked until the machine answers, and its row is ours. */
export const isUnreached = (cause: unknown): boolean =>
  isFailure(cause, 'ssh_refused', 'ssh_lost', 'stage_slow', 'row_changed');
