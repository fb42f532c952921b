import type { Look, Replay } from './replay.ts';

/** Where nothing but clocks moves for longer than this, the recording goes on faster. */
const WAIT_MS = 1_500;

export interface Shortened {
  readonly replay: Replay;
  readonly lengthMs: number;
  /** How long it took in truth. */
  readonly tookMs: number;
}

/** Every change stays, in its order. Only while people would merely wait, with numbers counting, time runs `faster` times as fast. */
export function shorten(replay: Replay, faster: number): Shortened {
  const events = [...new Set(replay.looks.map(({ fromMs }) => fromMs))].toSorted((a, b) => a - b);
  const news = newsIn(replay.looks);
  const shown = new Map<number, number>([[0, 0]]);
  let [before, at, since] = [0, 0, 0];
  for (const event of events) {
    const quick = Math.max(0, event - Math.max(before, since + WAIT_MS));
    at += event - before - quick + quick / faster;
    if (news.has(event)) since = event;
    before = event;
    shown.set(event, at);
  }
  const time = (ms: number): number => Math.round(shown.get(ms) ?? at);
  return {
    replay: {
      ...replay,
      looks: replay.looks.map((look) => ({
        ...look,
        fromMs: time(look.fromMs),
        untilMs: look.untilMs === null ? null : time(look.untilMs),
      })),
      scrolls: replay.scrolls.map(({ fromMs, top }) => ({ fromMs: time(fromMs), top })),
    },
    lengthMs: Math.round(at),
    tookMs: before,
  };
}

/** When something was said that differs in more than its numbers. */
function newsIn(looks: readonly Look[]): ReadonlySet<number> {
  const last = new Map<number, string>();
  const news = new Set<number>();
  for (const { row, fromMs, runs } of looks) {
    const words = runs.map(({ text }) => text.replace(/[\d:.,]+/g, '#')).join(' ');
    if (last.get(row) !== words) news.add(fromMs);
    last.set(row, words);
  }
  return news;
}
