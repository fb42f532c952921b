import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../domain/failures.ts';
import type { EventJson } from '../../http/json/event.ts';
import type { InstanceJson } from '../../http/json/instance.ts';
import { displayFor } from '../display.ts';
import { eventFeed } from '../event-feed.ts';
import { type Following, lastEvent } from '../follow.ts';

export interface Wanted {
  /** What is waited for, as the part of a sentence, and how long it may take. */
  readonly what: string;
  readonly ms: number;
  /** From which event on; null: from now on. */
  readonly after?: number;
  readonly until: (instance: InstanceJson, events: readonly EventJson[]) => boolean;
}

/** Heartbeats are no events, so the facts are looked at this often. */
const LOOK_MS = 400;

/** The live view of a workspace, until it is as it is wanted. */
export async function watch(
  workspace: string,
  wanted: Wanted,
  { engine, screen, signal }: Following,
): Promise<InstanceJson> {
  const enough = new AbortController();
  const watching = AbortSignal.any([signal, enough.signal]);
  const after = wanted.after ?? (await lastEvent(engine, workspace, signal));
  const display = displayFor(workspace, screen);
  const events: EventJson[] = [];
  let current: string | undefined;
  const until = Date.now() + wanted.ms;
  const listening = (async () => {
    for await (const fed of eventFeed(engine, workspace, after, watching)) {
      if (fed.kind === 'lost') display.lost(fed.why);
      if (fed.kind !== 'told') continue;
      events.push(fed.event);
      // Who lost a race is let go meanwhile, which is another story.
      if (fed.event.event !== 'machine.moved' || fed.event.facts.machine === current) display.told(fed.event);
    }
  })();
  listening.catch((cause: unknown) => enough.abort(cause));
  try {
    for (;;) {
      const instance = await engine.get<InstanceJson>(`/api/v1/instances/${workspace}`, {}, watching);
      current = instance.machine?.id ?? current;
      display.seen(instance);
      if (wanted.until(instance, events)) return instance;
      if (Date.now() > until) {
        throw new Failure('stage_slow', { stage: wanted.what, seconds: Math.round(wanted.ms / 1_000) });
      }
      await wait(LOOK_MS, undefined, { signal: watching });
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw enough.signal.aborted ? enough.signal.reason : thrown;
  } finally {
    enough.abort(new Error('seen enough'));
    await listening.catch(() => undefined);
    display.end();
  }
}
