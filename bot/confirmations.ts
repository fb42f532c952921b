import type { Confirmation } from '../engine/domain/discord.ts';
import { Failure, isFailure } from '../engine/domain/failures.ts';
import type { Store } from '../engine/domain/ports.ts';
import type { Deed, Values } from './interaction.ts';
import type { Words } from './words/words.ts';

const LASTS_MS = 5 * 60_000;

/** "Are you sure?": bound to one person, good once, and not for long. */
export function confirmations(store: Store) {
  async function find(id: string, deed: Deed, now: number, words: Words): Promise<Confirmation> {
    const found = await store.read('confirmations', id);
    if (!found) throw new Failure('confirmation_gone', { why: words.confirm.gone });
    if (found.user !== deed.user) throw new Failure('confirmation_gone', { why: words.confirm.notYours });
    if (found.usedBy !== null && found.usedBy !== deed.id)
      throw new Failure('confirmation_gone', { why: words.confirm.used });
    if (found.usedBy === null && found.expiresAt <= now)
      throw new Failure('confirmation_gone', { why: words.confirm.expired });
    return found;
  }

  return {
    async ask(deed: Deed, path: string, options: Values, typed: string | null, now: number): Promise<Confirmation> {
      for (const old of await store.list('confirmations'))
        if (old.expiresAt + LASTS_MS < now) await store.remove('confirmations', old);
      const row: Confirmation = {
        id: `c${deed.id}`,
        version: 0,
        user: deed.user,
        path,
        options,
        typed,
        expiresAt: now + LASTS_MS,
        usedBy: null,
      };
      try {
        return await store.save('confirmations', row);
      } catch (cause) {
        const first = await store.read('confirmations', row.id); // the same question arrived twice
        if (isFailure(cause, 'row_changed') && first) return first;
        throw cause;
      }
    },

    find,

    /** Uses it up. The same click that arrives twice uses it once. */
    async use(id: string, deed: Deed, typed: string | null, now: number, words: Words): Promise<Confirmation> {
      const found = await find(id, deed, now, words);
      if (found.usedBy === deed.id) return found;
      if (found.typed !== null && typed?.trim() !== found.typed)
        throw new Failure('confirmation_gone', { why: words.confirm.otherName(found.typed) });
      try {
        return await store.save('confirmations', { ...found, usedBy: deed.id });
      } catch (cause) {
        if (!isFailure(cause, 'row_changed')) throw cause;
        return await find(id, deed, now, words); // somebody was faster: it says so
      }
    },

    async drop(id: string, deed: Deed, now: number, words: Words): Promise<void> {
      const found = await find(id, deed, now, words);
      await store.save('confirmations', { ...found, usedBy: deed.id });
    },
  };
}
