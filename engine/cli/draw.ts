import type { State } from '../domain/lifecycle.ts';
import { perHour } from '../domain/money.ts';
import { asCalled } from './called.ts';
import { percent } from './event-words.ts';
import { backupWords } from './pulse-lines.ts';
import type { Paint, Style } from './screen.ts';
import { type Progress, type Racer, type Story, speedOf } from './story.ts';
import { type Column, table } from './table.ts';
import { clip, widthOf } from './text-width.ts';
import { bytes, bytesOf, duration, plural, stopwatch } from './words.ts';

export interface Frame {
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** How this program was called. */
  readonly called?: string;
}

/** The live view of one workspace, as lines that fit the terminal. */
export function draw(story: Story, frame: Frame): string[] {
  const { paint, columns } = frame;
  const line = (style: Style, text: string) =>
    paint(style, clip(`  ${asCalled(text, frame.called ?? 'dumont')}`, columns));
  const below = [
    ...(story.restore ? [bar('restoring', story.restore, frame)] : []),
    ...(story.save ? [bar('saving', story.save, frame)] : []),
    ...(story.job ? [line('cyan', `▸ "${story.job.command}" runs for ${stopwatch(frame.now - story.job.since)}`)] : []),
    ...(story.backup && AWAKE.has(story.status)
      ? [line('dim', `backup     ${backupWords(story.backup, frame.now)}`)]
      : []),
    // Once it is warned, the warning says it.
    ...(story.idle !== null && story.warned === null && AWAKE.has(story.status)
      ? [line('dim', `sleep      not now: ${story.idle}`)]
      : []),
    ...story.done.map((each) => line('green', `✓ ${each}`)),
    ...(story.usableMs === null ? [] : [line('green', usable(story))]),
    ...(story.warned ? [line('yellow', sleepsSoon(story.warned, story.workspace, frame.now))] : []),
    ...story.worries.map((each) => line('yellow', `! ${each}`)),
    ...(story.lostSince === null ? [] : [line('yellow', lostFor(frame.now - story.lostSince))]),
  ];
  const rows = Math.max(1, frame.rows - 1); // the cursor rests one line below
  return [header(story, frame), ...racers(story, frame, rows - 1 - below.length), ...below].slice(0, rows);
}

const AWAKE: ReadonlySet<string> = new Set(['awake', 'usable']);

/** A header that is stretched over a very wide screen is hard to read. */
const HEADER_COLUMNS_MAX = 110;

function header(story: Story, { columns, paint, now }: Frame): string {
  const live = [...story.racers.values()].filter(({ state }) => state !== 'gone');
  const facts = [
    stopwatch(now - story.since),
    ...(live.length > 0 ? [perHour(live.reduce((sum, each) => sum + each.dollarsPerHour, 0))] : []),
    ...(live.length > 1 ? [plural(live.length, 'machine')] : []),
    ...(story.round && story.winner === null ? [`round ${story.round.round} of ${story.round.rounds}`] : []),
  ];
  const name = clip(story.workspace, columns - widthOf(story.status) - 2);
  const left = widthOf(`${name}  ${story.status}`);
  const right = () => facts.join(' · ');
  while (facts.length > 0 && left + 2 + widthOf(right()) > columns) facts.pop();
  const gap = Math.max(2, Math.min(columns, HEADER_COLUMNS_MAX) - left - widthOf(right()));
  return `${paint('bold', name)}  ${paint(statusStyle(story.status), story.status)}${' '.repeat(facts.length > 0 ? gap : 0)}${paint('dim', right())}`;
}

export function statusStyle(status: string): Style {
  if (status === 'awake' || status === 'usable') return 'green';
  if (status === 'waking' || status === 'going to sleep') return 'cyan';
  if (status === 'stranded') return 'yellow';
  return 'dim';
}

const WORDS: Partial<Record<State, string>> = { 'standing-by': 'ready', gone: 'released' };
const OVER: ReadonlySet<State> = new Set(['releasing', 'gone', 'lost']);

type Row = Racer & { readonly id: string };

function racers(story: Story, { now, columns, paint }: Frame, room: number): string[] {
  const all = [...story.racers].map(([id, racer]) => ({ id, ...racer }));
  if (all.length === 0 || room < 2) return [];
  const { shown, hidden } = fitting(all, room - 1, story.winner);
  const style = ({ state }: Row): Style | null => (OVER.has(state) ? 'dim' : null);
  const list: readonly Column<Row>[] = [
    { title: '', of: (it) => markOf(it, story.winner), style: (it) => (it.id === story.winner ? 'green' : style(it)) },
    { title: 'HOST', of: (it) => it.host, min: 8, style },
    { title: 'REGION', of: (it) => it.region, min: 8, drop: 3, style },
    { title: 'GPU', of: (it) => it.gpu, min: 8, drop: 2, style },
    { title: 'STAGE', of: (it) => WORDS[it.state] ?? it.state, least: 10, style: (it) => stageStyle(it, story.winner) },
    {
      title: 'FOR',
      of: (it) => (it.state === 'gone' ? '' : stopwatch(now - it.since)),
      align: 'right',
      least: 4,
      style,
    },
    { title: 'PRICE', of: (it) => perHour(it.dollarsPerHour), align: 'right', drop: 1, style },
    { title: 'WHY', of: (it) => it.why, min: 14, drop: 4, style: () => 'dim' },
  ];
  const lines = table(list, shown, { width: columns - 2, paint }).map((line) => `  ${line}`);
  const more = paint('dim', clip(`     and ${plural(hidden, 'more machine')}`, columns));
  return hidden === 0 ? lines : [...lines, more];
}

function markOf({ id, state }: Row, winner: string | null): string {
  if (OVER.has(state)) return '×';
  return id === winner ? '✓' : '›';
}

function stageStyle({ id, state }: Row, winner: string | null): Style {
  if (OVER.has(state)) return 'dim';
  return id === winner || state === 'standing-by' ? 'green' : 'cyan';
}

/** Those that are over give way first when the terminal is low. */
function fitting(all: readonly Row[], room: number, winner: string | null): { shown: readonly Row[]; hidden: number } {
  if (all.length <= room) return { shown: all, hidden: 0 };
  const worth = ({ id, state }: Row) => (id === winner ? 3 : state === 'gone' ? 0 : OVER.has(state) ? 1 : 2);
  const kept = new Set(
    all
      .toSorted((a, b) => worth(b) - worth(a) || b.since - a.since)
      .slice(0, Math.max(1, room - 1))
      .map(({ id }) => id),
  );
  return { shown: all.filter(({ id }) => kept.has(id)), hidden: all.length - kept.size };
}

const BAR_MAX = 30;
const BAR_MIN = 8;

function bar(label: string, progress: Progress, { columns, paint }: Frame): string {
  const { bytesDone, bytesTotal } = progress;
  const left = leftMs(progress);
  const speed = speedOf(progress);
  const words = [
    percent(bytesDone, bytesTotal).padStart(5),
    bytesOf(bytesDone, bytesTotal),
    ...(speed === null ? [] : [`${bytes(speed)}/s`]),
    ...(left === null ? [] : [`${duration(left)} left`]),
  ];
  const head = `  ${label.padEnd(9)}  `;
  const room = () => columns - widthOf(head) - widthOf(words.join('  ')) - 2;
  while (words.length > 1 && room() < BAR_MIN) words.pop();
  const length = Math.max(0, Math.min(BAR_MAX, room()));
  const full = Math.round(length * (bytesTotal === 0 ? 1 : Math.min(1, bytesDone / bytesTotal)));
  return `${head}${paint('cyan', '━'.repeat(full))}${paint('dim', '─'.repeat(length - full))}  ${words.join('  ')}`;
}

function leftMs(progress: Progress): number | null {
  const speed = speedOf(progress);
  const bytesLeft = progress.bytesTotal - progress.bytesDone;
  return speed === null || speed <= 0 || bytesLeft <= 0 ? null : (1_000 * bytesLeft) / speed;
}

function usable({ workspace, usableMs, restore }: Story): string {
  const rest = restore ? '; the rest arrives while you work' : '';
  return `✓ usable after ${duration(usableMs ?? 0)}: dumont ssh ${workspace}${rest}`;
}

function sleepsSoon({ actsAt, why }: NonNullable<Story['warned']>, workspace: string, now: number): string {
  const left = actsAt > now ? `goes to sleep in ${stopwatch(actsAt - now)}` : 'goes to sleep now';
  return `! ${left} unless something stirs: ${why}. dumont keep ${workspace} 2h`;
}

function lostFor(ms: number): string {
  return `the connection was lost ${duration(ms)} ago; trying again`;
}
