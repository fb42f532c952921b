import type { Guild } from '../engine/domain/discord.ts';
import { isFailure } from '../engine/domain/failures.ts';
import type { Store } from '../engine/domain/ports.ts';

/** What was settled for each server. */
export interface Settled {
  of(guild: string): Promise<Guild>;
  all(): Promise<readonly Guild[]>;
  /** Whether any server has a channel for warnings and alerts. */
  anywhere(): Promise<boolean>;
  change(guild: string, to: Partial<Omit<Guild, 'id' | 'version'>>): Promise<Guild>;
}

export function settledIn(store: Store): Settled {
  async function of(id: string): Promise<Guild> {
    const found = await store.read('guilds', id);
    if (found) return found;
    // Whoever has one server means it for everything; a second one hears of what was asked for there.
    const first = (await store.list('guilds')).length === 0;
    return {
      id,
      version: 0,
      language: 'en',
      channel: null,
      audit: null,
      pingRole: null,
      hears: first ? 'everything' : 'its own',
      trouble: null,
    };
  }

  return {
    of,
    all: async () => await store.list('guilds'),
    anywhere: async () => (await store.list('guilds')).some(({ channel }) => channel !== null),
    async change(id, to) {
      for (;;) {
        try {
          return await store.save('guilds', { ...(await of(id)), ...to });
        } catch (cause) {
          if (!isFailure(cause, 'row_changed')) throw cause;
        }
      }
    },
  };
}
