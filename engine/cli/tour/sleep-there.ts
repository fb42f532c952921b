import type { EventJson } from '../../http/json/event.ts';
import { duration, short, timeOf } from '../words.ts';
import { MINUTE, type OnTour, TOURED } from './on-tour.ts';
import type { Slept } from './report.ts';
import { watch } from './watch.ts';

/** Touches nothing until it sleeps by itself. What led there is in the events. */
export async function sleepThere(machine: string, after: number, tour: OnTour): Promise<Slept> {
  const events: EventJson[] = [];
  const until = (_: unknown, told: readonly EventJson[]) => {
    events.splice(0, events.length, ...told);
    return told.some((event) => moved(event, machine, 'gone'));
  };
  await watch(TOURED, { what: 'sleep by itself', ms: 4 * MINUTE, after, until }, tour.following);
  const warned = events.find(({ event }) => event === 'machine.idle_warning');
  const saving = events.findLast((event) => moved(event, machine, 'saving'));
  const proved = events.findLast((event) => event.event === 'snapshot.proved');
  if (!warned || !saving || proved?.event !== 'snapshot.proved') {
    throw new Error(`it slept without a warning or a proof: ${events.map(({ event }) => event).join(', ')}`);
  }
  const slept = {
    warned_ms: timeOf(saving.at) - timeOf(warned.at),
    save_and_proof_ms: timeOf(proved.at) - timeOf(saving.at),
    snapshot_id: proved.facts.snapshot,
  };
  tour.tell.done(
    `warned ${duration(slept.warned_ms)} before; saved, read back and compared in ${duration(slept.save_and_proof_ms)} ` +
      `as ${short(slept.snapshot_id)}; nothing bills now`,
  );
  return slept;
}

function moved(event: EventJson, machine: string, to: string): boolean {
  return event.event === 'machine.moved' && event.facts.machine === machine && event.facts.to === to;
}
