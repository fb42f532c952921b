import type { Guild } from '../engine/domain/discord.ts';
import type { Log, Store } from '../engine/domain/ports.ts';
import type { Discord } from './discord/rest.ts';
import { wordsOf } from './discord/trouble.ts';
import type { Settled } from './settled.ts';
import { wordsIn } from './words/words.ts';

/** Where a person at the terminal said that panels and alerts stand, and when. */
export interface Placed {
  readonly guild: string;
  readonly channel: string;
  readonly at: number;
}

/** A bot that can warn nobody. */
export const NO_CHANNEL = {
  say: 'no channel is set, so nobody hears of warnings and alerts',
  mend: 'In Discord type "/settings channel:" and choose one; or run "dumont discord setup" and start the engine again.',
} as const;

interface Placing {
  readonly store: Store;
  readonly settled: Settled;
  readonly discord: Discord;
  readonly log: Log;
}

/** The newest word wins, whether it came from the terminal or from /settings: each setup counts once. */
export async function place({ guild, channel, at }: Placed, { store, settled, discord, log }: Placing): Promise<void> {
  const before = await store.read('guilds', guild);
  if (before && (before.placedAt ?? 0) >= at) return;
  const audit = before && before.audit !== before.channel ? before.audit : channel;
  const hears = before?.hears ?? 'everything'; // whoever has the terminal means it for all
  const after = await settled.change(guild, { channel, audit, hears, trouble: null, placedAt: at });
  if (before) tellOld(before, after, discord, log);
}

/** Whoever reads the old channel is told where to look from now on. */
export function tellOld(before: Guild, { channel, language }: Guild, discord: Discord, log: Log): void {
  if (before.channel === null || channel === null || before.channel === channel) return;
  const content = wordsIn(language).say.moved(channel);
  discord.post(before.channel, { content }, `moved${channel}`).catch((cause: unknown) => {
    log('discord.move_not_told', { channel: before.channel, why: wordsOf(cause) }, 'WARNING');
  });
}
