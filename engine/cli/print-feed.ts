import type { Fed } from './event-feed.ts';
import { INTERRUPTED } from './exit-codes.ts';
import { clockTime } from './local-time.ts';
import type { Screen } from './screen.ts';

/** Prints what comes until the person has had enough. */
export async function printFeed<T>(
  feed: AsyncIterable<Fed<T>>,
  print: (one: T) => void,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  try {
    for await (const fed of feed) {
      if (fed.kind === 'told') print(fed.event);
      if (fed.kind === 'lost')
        screen.note(`${clockTime(Date.now())}  the connection was lost (${fed.why}); trying again`);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return INTERRUPTED;
}
