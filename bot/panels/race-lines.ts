import type { State } from '../../engine/domain/lifecycle.ts';
import { clip, plain } from '../discord/message.ts';
import type { Words } from '../words/words.ts';
import type { Racer, Story } from './story.ts';

const OVER: ReadonlySet<State> = new Set(['releasing', 'gone', 'lost']);
const HOST_MAX = 14;
const PLACE_MAX = 12;
const RACERS_MAX = 15;

/** A line per racer. Text and no table: a telephone breaks a line of a table in the middle. */
export function raceLines({ story, now }: { readonly story: Story; readonly now: number }, words: Words): string {
  const racers = [...story.racers.values()];
  const shown = racers.length <= RACERS_MAX ? racers : mostTelling(racers, story.winner);
  return shown.map((racer) => lineOf(racer, story.winner, now, words)).join('\n');
}

function lineOf(racer: Racer, winner: string | null, now: number, words: Words): string {
  const { machine, state, since, host, region, dollarsPerHour, trail } = racer;
  const over = OVER.has(state);
  const mark = over ? '×' : machine === winner ? '✓' : '›';
  const began = trail[0]?.at ?? since;
  const seconds = Math.max(0, Math.round(((over || state === 'running' ? since : now) - began) / 1_000));
  const name = plain(clip(host, HOST_MAX));
  const parts = [
    `${mark} ${over ? name : `**${name}**`} ${plain(clip(region, PLACE_MAX))}`,
    `${words.stage[state]} ${seconds} s`,
    words.perHour(dollarsPerHour),
  ];
  return parts.join(' · ');
}

/** Those that are over give way first. */
function mostTelling(racers: readonly Racer[], winner: string | null): readonly Racer[] {
  const worth = ({ machine, state }: Racer): number => (machine === winner ? 2 : OVER.has(state) ? 0 : 1);
  const kept = new Set(racers.toSorted((a, b) => worth(b) - worth(a) || b.since - a.since).slice(0, RACERS_MAX));
  return racers.filter((racer) => kept.has(racer));
}
