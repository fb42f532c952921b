import { mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent, RestoreOrder } from '../domain/agent-protocol.ts';
import { bring } from './bring.ts';
import { writeDurably } from './durable.ts';
import { failed } from './failed.ts';
import { thawLeftovers } from './freeze.ts';
import { takeLock } from './lock.ts';
import type { Place } from './place.ts';
import { refillClones } from './refill-clones.ts';
import { currentFile, eventsFile, jobFolder, lockName } from './restore.ts';

/** Does the work of a restore, apart from the connection that asked for it. What it says goes to a file that anybody may follow. */
export async function restoreWorker(
  order: RestoreOrder,
  place: Place,
  attempt: string,
  signal: AbortSignal,
): Promise<void> {
  const clones = await (async () => {
    using lock = await takeLock(place, lockName(order.job));
    const say = openEvents(place, order.job, attempt);
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

function openEvents(place: Place, job: string, attempt: string): (event: AgentEvent) => void {
  const folder = jobFolder(place, job);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (name.startsWith('events-')) rmSync(join(folder, name));
  const target = openSync(eventsFile(place, job, attempt), 'ax', 0o600);
  writeDurably(currentFile(place, job), attempt);
  return (event) => void writeSync(target, `${JSON.stringify(event)}\n`);
}
