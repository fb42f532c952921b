import { isFailure } from '../../domain/failures.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Answer, asFailure, isTooEarly, readAnswer } from './answer.ts';
import { openPaces, type Route, restMs } from './pace.ts';
import type { Send } from './send.ts';

export interface Asked {
  readonly route: Route;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** What is not text travels as JSON. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** Done twice it does no harm, so no answer is no reason to give up. */
  readonly again: boolean;
  /** Whoever does not look around goes first. */
  readonly browsing?: boolean;
  /** Awaited once, right before the request leaves. */
  readonly depart?: () => Promise<void>;
}

/** Asks vast one thing and returns what it said, good or bad. Rejects when it said nothing we can go by. */
export interface Ask {
  (asked: Asked, signal: AbortSignal): Promise<Answer>;
  /** The same, where anything but a good answer is a failure. */
  well(asked: Asked, signal: AbortSignal): Promise<unknown>;
}

export interface AskOptions {
  readonly url: string;
  readonly key: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: Send;
}

export function openAsk({ url, key, clock, random, send }: AskOptions): Ask {
  const paces = openPaces(clock);

  async function once({ route, method, path, query = {}, body }: Asked, signal: AbortSignal): Promise<Answer> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    const reply = await send(
      {
        method,
        url: `${url}${path}${search.size > 0 ? `?${search}` : ''}`,
        headers: { authorization: `Bearer ${key}`, accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      },
      signal,
    );
    const answer = readAnswer(reply);
    if (isTooEarly(answer)) paces(route).rest(restMs(route));
    return answer;
  }

  const ask = async (asked: Asked, signal: AbortSignal): Promise<Answer> => {
    for (let tries = 1; ; tries += 1) {
      await paces(asked.route).turn(signal, asked.browsing);
      if (tries === 1) await asked.depart?.();
      signal.throwIfAborted();
      try {
        const answer = await once(asked, signal);
        // Refused as too early it was not done, whatever it was.
        const mayPass = isTooEarly(answer) || (asked.again && BUSY.has(answer.status));
        if (!mayPass || tries === TRIES) return answer;
      } catch (cause) {
        if (!asked.again || tries === TRIES || !isFailure(cause)) throw cause;
      }
      await clock.sleep(WAIT_MS * 1.5 ** tries * (0.5 + random()), signal);
    }
  };

  return Object.assign(ask, {
    async well(asked: Asked, signal: AbortSignal): Promise<unknown> {
      const answer = await ask(asked, signal);
      if (!answer.ok) throw asFailure(answer);
      return answer.json;
    },
  });
}

const TRIES = 3;
const WAIT_MS = 150;
const BUSY: ReadonlySet<number> = new Set([502, 503, 504]);
