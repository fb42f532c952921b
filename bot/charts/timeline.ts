import type { State } from '../../engine/domain/lifecycle.ts';
import type { FileOf } from '../discord/message.ts';
import type { Racer, Story } from '../panels/story.ts';
import type { Phrases } from '../words/phrases.ts';
import { DIM, frame, GRID, INK, legend, short, text, WIDTH } from './draw.ts';
import { toPng } from './png.ts';

/** The race as bars over time: who was how far when, and who won. Null when it could not be drawn: the panel stands without. */
export async function drawTimeline(
  story: Story,
  workspace: string,
  words: Phrases,
  now: number,
): Promise<FileOf | null> {
  const seconds = story.usableMs === null ? null : words.duration(story.usableMs);
  const svg = timelineSvg(story, words.chart.title(workspace, seconds), words, now);
  const bytes = await toPng(svg).catch(() => null);
  const description = words.chart.alt(workspace, story.racers.size, seconds);
  return bytes && { name: 'race.png', type: 'image/png', bytes, description };
}

const LEFT = 132;
const RIGHT = 92;
const TOP = 64;
const ROW = 26;
const BAR = 14;
const BOTTOM = 64;
const LETTERS = 13;
const HOST_MAX = 13;
/** Bold, and behind its mark. */
const WINNER_MAX = 10;
/** Three in a row, whatever the language. */
const LEGEND_STEP = 176;

const COLOURS: Partial<Record<State, string>> = {
  renting: '#6d6f78',
  booting: '#5865f2',
  installing: '#00a8fc',
  'standing-by': '#f0b232',
  restoring: '#23a55a',
  running: '#57f287',
};
const ENDS: ReadonlySet<State> = new Set(['releasing', 'gone', 'lost', 'saving', 'paused', 'stranded']);

export function timelineSvg(story: Story, title: string, words: Phrases, now: number): string {
  const racers = [...story.racers.values()];
  const end = Math.max(story.since + 1_000, Math.min(now, ...[story.complete?.at ?? lastMove(racers, now)]));
  const span = end - story.since;
  const height = TOP + racers.length * ROW + BOTTOM;
  const x = (at: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * Math.min(span, Math.max(0, at - story.since))) / span;
  const ticks = ticksOf(span).map((ms) => {
    const at = x(story.since + ms).toFixed(1);
    return `<line x1="${at}" y1="${TOP - 8}" x2="${at}" y2="${height - BOTTOM}" stroke="${GRID}"/>${text(at, TOP - 14, `${ms / 1_000} s`, LETTERS, DIM, 'middle')}`;
  });
  const rows = racers.map((racer, i) => rowOf(racer, TOP + i * ROW, x, end, racer.machine === story.winner, words));
  const stages = Object.entries(COLOURS).map(([state, colour]) => [colour, words.stage[state as State]] as const);
  const legends = [0, 3].map((from, i) => legend(height - 46 + i * 22, stages.slice(from, from + 3), LEGEND_STEP));
  return frame(height, title, ...ticks, ...rows, ...legends);
}

const lastMove = (racers: readonly Racer[], now: number): number =>
  Math.max(0, ...racers.map(({ trail, since }) => trail.find(({ state }) => ENDS.has(state))?.at ?? since)) || now;

function rowOf(racer: Racer, y: number, x: (at: number) => number, end: number, won: boolean, words: Phrases): string {
  const { trail, host, dollarsPerHour } = racer;
  const bars = trail.flatMap(({ state, at }, i) => {
    const colour = COLOURS[state];
    if (colour === undefined) return [];
    const from = x(at);
    const to = x(trail[i + 1]?.at ?? end);
    return [
      `<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(1, to - from).toFixed(1)}" height="${BAR}" fill="${colour}"/>`,
    ];
  });
  const over = trail.find(({ state }) => ENDS.has(state));
  const mark = over ? text(x(over.at) + 4, y + 12, '×', LETTERS, DIM) : '';
  const name = won ? `✓ ${short(host, WINNER_MAX)}` : short(host, HOST_MAX);
  return [
    text(16, y + 12, name, LETTERS, won ? INK : DIM, 'start', won),
    ...bars,
    mark,
    text(WIDTH - 12, y + 12, words.perHour(dollarsPerHour), LETTERS, DIM, 'end'),
  ].join('');
}

function ticksOf(span: number): readonly number[] {
  const step =
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800].find((seconds) => span / (seconds * 1_000) <= 6) ?? 3_600;
  return Array.from({ length: Math.floor(span / (step * 1_000)) + 1 }, (_, i) => i * step * 1_000);
}
