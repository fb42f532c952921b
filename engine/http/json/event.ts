import * as z from 'zod';
import type { Talk } from '../../domain/events.ts';
import type { Told } from '../../domain/journals.ts';
import { iso, type Snaked, snaked } from './wire.ts';

export const ToldJson = z.object({
  number: z.number().describe('Where to go on from: Last-Event-ID, or `after`.'),
  at: z.iso.datetime(),
  event: z.string(),
  instance_id: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
});

export const EventsJson = z.object({ events: z.array(ToldJson) });
export type EventsJson = { events: EventJson[] };

/** As `ToldJson`, with the facts of each event by its name. */
export type EventJson = Omit<z.infer<typeof ToldJson>, 'event' | 'facts'> & TalkJson;
export type TalkJson = EachTalk<Talk>;
type EachTalk<T> = T extends Talk ? { event: T['event']; facts: Snaked<Omit<T, 'event' | 'workspace'>> } : never;

export function toldJson(told: Told): z.infer<typeof ToldJson> {
  return {
    number: told.number,
    at: iso(told.at),
    event: told.event,
    instance_id: told.workspace,
    facts: snaked(told.facts),
  };
}
