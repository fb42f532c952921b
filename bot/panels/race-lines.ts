import type { State } from '../../engine/domain/lifecycle.ts';
import { perHour } from '../../engine/domain/money.ts';
import type { Words } from '../words/words.ts';
import type { Racer, Story } from './story.ts';

const OVER: ReadonlySet<State> = new Set(['releasing', 'gone', 'lost']);
const HOST_MAX = 11;
const PLACE_MAX = 8;
const STAGE_MAX = 11;
const RACERS_MAX = 15;

/** A line per racer, narrow enough for a telephone. */
export function raceLines({ story, now }: { readonly story: Story; readonly now: number }, words: Words): string {
  const racers = [...story.racers.values()];
  const shown = racers.length <= RACERS_MAX ? racers : mostTelling(racers, story.winner);
  const lines = shown.map((racer) => lineOf(racer, story.winner, now, words));
  return lines.join('\n');
}

function lineOf(racer: Racer, winner: string | null, now: number, words: Words): string {
  const { machine, state, since, host, region, dollarsPerHour, trail } = racer;
  const over = OVER.has(state);
  const mark = over ? '×' : machine === winner ? '✓' : '›';
  const began = trail[0]?.at ?? since;
  const seconds = Math.max(0, Math.round(((over || state === 'running' ? since : now) - began) / 1_000));
  return [
    mark,
    cell(host, HOST_MAX),
    cell(region, PLACE_MAX),
    cell(words.stage[state], STAGE_MAX),
    `${seconds} s`.padStart(5),
    perHour(dollarsPerHour).padStart(8),
  ].join(' ');
}

function cell(text: string, max: number): string {
  return (text.length > max ? `${text.slice(0, max - 1)}…` : text).padEnd(max);
}

/** Those that are over give way first. */
function mostTelling(racers: readonly Racer[], winner: string | null): readonly Racer[] {
  const worth = ({ machine, state }: Racer): number => (machine === winner ? 2 : OVER.has(state) ? 0 : 1);
  const kept = new Set(racers.toSorted((a, b) => worth(b) - worth(a) || b.since - a.since).slice(0, RACERS_MAX));
  return racers.filter((racer) => kept.has(racer));
}
