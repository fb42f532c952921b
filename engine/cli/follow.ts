import { FAILURES, type FailureCode, isFailure } from '../domain/failures.ts';
import type { EventJson, EventsJson } from '../http/json/event.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import type { OperationJson } from '../http/json/operation.ts';
import { asCalled, CALLED } from './called.ts';
import { displayFor } from './display.ts';
import type { EngineClient } from './engine-client.ts';
import { eventFeed } from './event-feed.ts';
import { INTERRUPTED } from './exit-codes.ts';
import type { Screen } from './screen.ts';

/** After these the engine's own view says more than the event: who joined a race, what it costs. */
const LOOK_AGAIN: ReadonlySet<EventJson['event']> = new Set(['race.began', 'race.round', 'race.ended']);

export interface Following {
  readonly engine: EngineClient;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/**
 * Asks for something that takes a while and follows it to its end. The number of the last event is taken before it is
 * asked, so that nothing of it is missed. Null: the person stopped following.
 */
export async function askAndFollow(
  workspace: string,
  ask: () => Promise<OperationJson>,
  { engine, screen, signal }: Following,
): Promise<OperationJson | null> {
  const after = await lastEvent(engine, workspace, signal);
  const operation = await ask();
  return await follow(workspace, operation, after, { engine, screen, signal });
}

/** Follows an operation that may have begun long ago. */
export async function follow(
  workspace: string,
  operation: OperationJson,
  after: number,
  { engine, screen, signal }: Following,
): Promise<OperationJson | null> {
  if (operation.ended_at !== null) return operation;
  const look = () => engine.get<InstanceJson>(`/api/v1/instances/${workspace}`, {}, signal);
  const outcome = () => engine.get<OperationJson>(`/api/v1/operations/${operation.id}`, {}, signal);
  const display = displayFor(workspace, screen);
  try {
    display.seen(await look());
    for await (const fed of eventFeed(engine, workspace, after, signal)) {
      if (fed.kind === 'lost') display.lost(fed.why);
      if (fed.kind === 'told') display.told(fed.event);
      if (fed.kind === 'quiet' || (fed.kind === 'told' && LOOK_AGAIN.has(fed.event.event))) {
        const instance = await ifThere(look);
        if (instance) display.seen(instance);
      }
      // A quiet stream may have lost the end of it while the connection was away.
      if (fed.kind === 'quiet' || (fed.kind === 'told' && endOf(fed.event, operation.id))) {
        const now = await ifThere(outcome);
        if (now && now.ended_at !== null) return now;
      }
    }
    return null;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return null;
  } finally {
    display.end();
  }
}

/** Shows what an awake workspace does until it sleeps; false when the person stopped before that. */
export async function followAwake(workspace: string, { engine, screen, signal }: Following): Promise<boolean> {
  const look = () => engine.get<InstanceJson>(`/api/v1/instances/${workspace}`, {}, signal);
  const after = await lastEvent(engine, workspace, signal);
  const display = displayFor(workspace, screen);
  try {
    display.seen(await look());
    for await (const fed of eventFeed(engine, workspace, after, signal)) {
      if (fed.kind === 'lost') display.lost(fed.why);
      if (fed.kind === 'told') display.told(fed.event);
      if (fed.kind === 'lost' || (fed.kind === 'told' && fed.event.event.endsWith('.progress'))) continue;
      const instance = await ifThere(look);
      if (instance) display.seen(instance);
      if (instance?.status === 'asleep') return true;
    }
    return false;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return false;
  } finally {
    display.end();
  }
}

/** An engine that goes away between two questions is the feed's business, which waits for it. */
async function ifThere<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (thrown) {
    if (isFailure(thrown, 'engine_down', 'stopping')) return null;
    throw thrown;
  }
}

function endOf(event: EventJson, operation: string): boolean {
  return event.event === 'operation.ended' && event.facts.operation === operation;
}

/** Says how to follow on. The operation does not notice that nobody looks. */
export function stoppedFollowing({ verb, workspace }: { verb: string; workspace: string }, screen: Screen): number {
  screen.note(`Stopped following; the ${verb} goes on. Follow it again with "dumont status ${workspace} --follow".`);
  return INTERRUPTED;
}

/** Prints how it ended and returns the exit code that goes with it. */
export function conclude(operation: OperationJson, screen: Screen, ...more: readonly string[]): number {
  const { outcome } = operation;
  if (screen.json) screen.printJson(operation);
  if (outcome?.ok) {
    if (!screen.json) screen.print(outcome.say, ...more);
    return 0;
  }
  if (outcome && !screen.json) process.stderr.write(`${asCalled(outcome.say, CALLED)}\n`);
  const code = outcome?.code ?? 'internal';
  return FAILURES[Object.hasOwn(FAILURES, code) ? (code as FailureCode) : 'internal'].exit;
}

export async function lastEvent(engine: EngineClient, workspace: string, signal: AbortSignal): Promise<number> {
  const { events } = await engine.get<EventsJson>('/api/v1/events', { instance_id: workspace, limit: 1 }, signal);
  return events.at(-1)?.number ?? 0;
}
