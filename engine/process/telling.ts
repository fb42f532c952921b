import type { Talk } from '../domain/events.ts';
import { reasonOf } from '../domain/failures.ts';
import type { Journals, Told } from '../domain/journals.ts';
import type { Bell, Clock, Log } from '../domain/ports.ts';

/** What people were told, numbered, so that whoever lost the connection asks for what came after. */
export interface Telling {
  tell(talk: Talk): void;
  past(after: number, workspace: string | null, limit: number): readonly Told[];
  events(after: number, workspace: string | null, signal: AbortSignal): AsyncIterable<Told>;
  /** Returns when everything told so far is in the journal. */
  settled(): Promise<void>;
}

/** Progress is shown while it happens and not kept. */
const FLEETING: ReadonlySet<Talk['event']> = new Set(['restore.progress', 'save.progress']);
/** An engine that ended may have told this much that was not kept; no number is given twice. */
const FLEETING_MAX = 1_000_000;
const KEPT_IN_MEMORY = 5_000;
const REPLAYED_MS = 7 * 24 * 3_600_000;

export async function createTelling(journals: Journals, clock: Clock, bell: Bell, log: Log): Promise<Telling> {
  const recent: Told[] = [...(await journals.read('events', clock.now() - REPLAYED_MS))].slice(-KEPT_IN_MEMORY);
  let number = (recent.at(-1)?.number ?? 0) + FLEETING_MAX;
  let writing: Promise<void> = Promise.resolve();

  return {
    tell(talk) {
      const { event, workspace, ...facts } = talk;
      number += 1;
      const told: Told = { at: clock.now(), number, event, workspace, facts };
      recent.push(told);
      if (recent.length > KEPT_IN_MEMORY) recent.splice(0, recent.length - KEPT_IN_MEMORY);
      bell.ring(EVENTS_BELL);
      if (FLEETING.has(event)) return;
      const append = journals.append('events', told);
      writing = Promise.all([writing, append]).then(
        () => undefined,
        (cause: unknown) => log('event.not_kept', { event, why: reasonOf(cause) }, 'ERROR'),
      );
    },

    past(after, workspace, limit) {
      return recent
        .filter((told) => told.number > after && (workspace === null || told.workspace === workspace))
        .slice(-limit);
    },

    async *events(after, workspace, signal) {
      using ear = bell.listen(EVENTS_BELL);
      let seen = after;
      while (!signal.aborted) {
        for (const told of recent.filter((one) => one.number > seen)) {
          seen = told.number;
          if (workspace === null || told.workspace === workspace) yield told;
        }
        await ear.wait(60_000, signal).catch(() => undefined);
      }
    },

    async settled() {
      await writing;
    },
  };
}

const EVENTS_BELL = 'events';
