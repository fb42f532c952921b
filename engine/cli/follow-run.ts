import { isFailure } from '../domain/failures.ts';
import type { EventJson } from '../http/json/event.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import type { OperationJson } from '../http/json/operation.ts';
import { displayFor } from './display.ts';
import { eventFeed } from './event-feed.ts';
import { eventWords } from './event-words.ts';
import type { Following } from './follow.ts';
import { type LiveOutput, liveOutput } from './live-output.ts';
import { clockTime } from './local-time.ts';
import { WORRYING } from './story.ts';

/** How a run goes on after it was asked for: null when the person stopped following. */
export async function followRun(
  workspace: string,
  operation: OperationJson,
  after: number,
  { engine, screen, signal }: Following,
): Promise<OperationJson | null> {
  const look = () => engine.get<InstanceJson>(`/api/v1/instances/${workspace}`, {}, signal);
  // Until the program runs there is a checkpoint to watch; from then on the terminal belongs to what it prints.
  const display = displayFor(workspace, screen);
  let output: LiveOutput | null = null;
  try {
    display.seen(await look());
    for await (const fed of eventFeed(engine, workspace, after, signal)) {
      if (fed.kind === 'told' && began(fed.event, operation.id) && !screen.json && !output) {
        display.end();
        output = liveOutput(workspace, fed.event.facts.output, { engine, screen, signal });
        screen.note(`${clockTime(fed.event.at)}  ${eventWords(fed.event)}`);
      } else if (fed.kind === 'told' && (screen.json || !output)) display.told(fed.event);
      else if (fed.kind === 'told' && WORRYING.has(fed.event.event)) {
        screen.note(`${clockTime(fed.event.at)}  ${eventWords(fed.event)}`);
      }
      if (fed.kind === 'lost' && !output) display.lost(fed.why);
      const ended = fed.kind === 'told' && fed.event.event === 'operation.ended' && ours(fed.event, operation.id);
      if (!ended && fed.kind !== 'quiet') continue;
      const now = await engine.get<OperationJson>(`/api/v1/operations/${operation.id}`, {}, signal).catch(orAway);
      if (!now || now.ended_at === null) continue;
      await output?.finish();
      return now;
    }
    return null;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return null;
  } finally {
    if (!output) display.end();
    else if (signal.aborted) await output.finish();
  }
}

type Began = Extract<EventJson, { event: 'job.began' }>;

export function began(event: EventJson, operation: string): event is Began {
  return event.event === 'job.began' && event.facts.operation === operation;
}

function ours(event: Extract<EventJson, { event: 'operation.ended' }>, operation: string): boolean {
  return event.facts.operation === operation;
}

/** An engine that goes away between two questions is the feed's business, which waits for it. */
function orAway(thrown: unknown): null {
  if (isFailure(thrown, 'engine_down', 'stopping')) return null;
  throw thrown;
}
