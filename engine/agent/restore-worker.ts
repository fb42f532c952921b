import { mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import type { AgentEvent, RestoreOrder } from '../domain/agent-protocol.ts';
import { bring } from './bring.ts';
import { failed } from './failed.ts';
import { thawLeftovers } from './freeze.ts';
import { takeLock } from './lock.ts';
import type { Place } from './place.ts';
import { refillClones } from './refill-clones.ts';
import { eventsFile, jobFolder, lockName } from './restore.ts';

/** Does the work of a restore, apart from the connection that asked for it. What it says goes to a file that anybody may follow. */
export async function restoreWorker(order: RestoreOrder, place: Place, signal: AbortSignal): Promise<void> {
  const clones = await (async () => {
    using lock = await takeLock(place, lockName(order.job));
    mkdirSync(jobFolder(place, order.job), { recursive: true, mode: 0o700 });
    const say = openEvents(eventsFile(place, order.job));
    thawLeftovers(place);
    try {
      return await bring(order, place, lock, say, signal);
    } catch (cause) {
      say(failed('restore', cause));
      throw cause;
    }
  })();
  // Not part of the restore, and it may take long: others may save meanwhile.
  await refillClones(place, clones, signal);
}

/** A new file for each try, so that whoever follows does not take an old end for the new one. */
function openEvents(file: string): (event: AgentEvent) => void {
  rmSync(file, { force: true });
  const target = openSync(file, 'ax', 0o600);
  return (event) => void writeSync(target, `${JSON.stringify(event)}\n`);
}
