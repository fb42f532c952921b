import { setTimeout as wait } from 'node:timers/promises';
import { isFailure, reasonOf } from '../domain/failures.ts';
import type { EventJson } from '../http/json/event.ts';
import { type EngineClient, harmless } from './engine-client.ts';

export type Fed<T = EventJson> =
  | { readonly kind: 'told'; readonly event: T }
  /** Nothing happened for a while, or the connection is back: a moment to look at the facts again. */
  | { readonly kind: 'quiet' }
  | { readonly kind: 'lost'; readonly why: string };

/** The engine says something at least every 15 s; after this long the connection is taken for dead. */
const SILENCE_MS = 40_000;
const RETRY_MS = 500;
/** An engine that stays away for longer is given up. */
const AWAY_MS = 2 * 60_000;

/** What people are told, from number `after` on. A lost connection is made again and goes on where it stopped. */
export function eventFeed(
  engine: EngineClient,
  workspace: string | undefined,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Fed, never> {
  const from = { path: '/api/v1/events', query: { instance_id: workspace }, after };
  return feed<EventJson>(engine, from, ({ number }) => number, signal);
}

interface From {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly after: number | string | undefined;
}

/** A stream of whatever has a place to go on from. */
export async function* feed<T extends object>(
  engine: EngineClient,
  { path, query: asked, after }: From,
  placeOf: (one: T) => number | string,
  signal: AbortSignal,
): AsyncGenerator<Fed<T>, never> {
  let last = after;
  let awaySince: number | null = null;
  while (true) {
    try {
      const query = { ...asked, after: last };
      using listening = listen(signal);
      const response = await engine.stream(path, query, listening.signal);
      if (awaySince !== null) yield { kind: 'quiet' };
      awaySince = null;
      for await (const event of eventsIn<T>(response, listening)) {
        if (event) last = placeOf(event);
        yield event ? { kind: 'told', event } : { kind: 'quiet' };
      }
      throw new Error('the engine ended the stream');
    } catch (thrown) {
      signal.throwIfAborted();
      if (isFailure(thrown) && !thrown.row.retry && thrown.code !== 'unauthorized') throw thrown;
      awaySince ??= Date.now();
      if (Date.now() - awaySince > AWAY_MS) throw thrown;
      yield { kind: 'lost', why: reasonOf(thrown) };
      await wait(RETRY_MS, undefined, { signal });
    }
  }
}

interface Listening extends Disposable {
  readonly signal: AbortSignal;
  heard(): void;
}

/** Its signal ends a request when nothing was heard for too long, when the person had enough, and when nobody reads on. */
function listen(signal: AbortSignal): Listening {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error('the engine fell silent')), SILENCE_MS);
  return {
    signal: AbortSignal.any([signal, over.signal]),
    heard: () => void timer.refresh(),
    [Symbol.dispose]() {
      clearTimeout(timer);
      over.abort();
    },
  };
}

/** What one response tells; null for a line that only says that somebody is there. */
async function* eventsIn<T>(response: Response, listening: Listening): AsyncGenerator<T | null> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    listening.heard();
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice('data: '.length), harmless);
      else if (block.startsWith(':')) yield null;
    }
  }
}
