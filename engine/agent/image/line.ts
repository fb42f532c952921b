/** Name, bytes of what is in it, bytes stored. */
export type Segment = readonly [string, number, number];

/** What a thread that writes says before and after it sends a segment. */
export type Sending =
  | { readonly turn: string }
  | { readonly sent: Segment }
  | { readonly failed: string; readonly why: string };

/** Whether to send it. It is answered when there is room on the line. */
export type AskLine = (said: Sending) => Promise<boolean>;

/** The line to storage, which all threads of a writer share. */
export interface Line {
  readonly ask: AskLine;
  /** By name: what is in storage. */
  readonly stored: ReadonlyMap<string, Segment>;
  /** Names that somebody asked for here. */
  readonly asked: ReadonlySet<string>;
  /** The first thing that went wrong. */
  why(): string | null;
  /** Too much went wrong. */
  readonly broken: AbortSignal;
  /** When nothing is on its way any more. */
  empty(signal: AbortSignal): Promise<void>;
}

/**
 * Each name is sent once, by whoever asks first: storage refuses two writes of one name at the same time. As many are under
 * way as the line carries in a few seconds: what waits there is in memory, and of too many on a slow line none would arrive
 * before its time is up.
 */
export function openLine(there: Iterable<Segment>): Line {
  const stored = new Map([...there].map((segment) => [segment[0], segment] as const));
  const asked = new Set<string>();
  /** With the time of its turn, or null while it waits for that. */
  const underWay = new Map<string, number | null>();
  const waiting: (() => void)[] = [];
  const broken = new AbortController();
  let room = ROOM_FIRST;
  let sending = 0;
  let failures = 0;
  let why: string | null = null;
  let ended = Promise.withResolvers<void>();

  const giveTurns = (): void => {
    for (; sending < room && waiting.length > 0; sending++) waiting.shift()!();
  };
  const end = (name: string): void => {
    const tookMs = performance.now() - underWay.get(name)!;
    underWay.delete(name);
    sending -= 1;
    room = tookMs < QUICK_MS ? Math.min(room + 1, ROOM_MAX) : Math.max(Math.floor(room / 2), 1);
    giveTurns();
    ended.resolve();
    ended = Promise.withResolvers();
  };
  const turn = async (name: string): Promise<boolean> => {
    asked.add(name);
    if (stored.has(name) || underWay.has(name)) return false;
    underWay.set(name, null);
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    giveTurns();
    await promise;
    underWay.set(name, performance.now());
    return true;
  };

  return {
    async ask(said) {
      if ('turn' in said) return await turn(said.turn);
      if ('sent' in said) stored.set(said.sent[0], said.sent);
      else {
        why ??= said.why;
        if (++failures >= FAILURES_MAX) broken.abort();
      }
      end('sent' in said ? said.sent[0] : said.failed);
      return false;
    },
    stored,
    asked,
    why: () => why,
    broken: broken.signal,
    async empty(signal) {
      const { promise: aborted, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      while (underWay.size > 0 && !signal.aborted) await Promise.race([ended.promise, aborted]);
    },
  };
}

const ROOM_FIRST = 4;
/** Segments of 8 MB. */
const ROOM_MAX = 32;
const QUICK_MS = 2_000;
/** One that is refused may be alone; storage that takes nothing is not asked for each of many. */
const FAILURES_MAX = 3;
