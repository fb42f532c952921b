import { lookWith } from '../change/look-with.ts';
import { type Changes, LOOK_EVERY_MS, type Wanted, watchChanges } from '../change/watch-changes.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { upMs } from './moment.ts';
import type { Standing } from './standing.ts';

/** What is known of changes since the last backup, by the rules of the plan as it is now. */
export interface Looks extends Disposable {
  /** Null when it is not known what changed: nobody looked yet, or the rules are others now. */
  current(): Changes | null;
  /** The same, though it may have been seen by older rules. */
  lately(): Changes | null;
  look(signal: AbortSignal): Promise<void>;
  /** A backup looked at everything. */
  looked(): void;
  lookedAt(): number | null;
  /** How often to look, while backups are made so often. */
  lookEveryMs(everyMs: number): number;
}

export function openLooks(place: Place, self: Self, standing: Standing, onChange: () => void): Looks {
  let changes: { readonly of: string; readonly seen: Changes } | null = null;
  let lookedAt: number | null = null;
  let lookMs = 0;

  const wanted = (): Wanted => {
    const { include = [], exclude = [], fileBytesMax = 0 } = standing.answer.plan ?? {};
    return { include, exclude, fileBytesMax };
  };
  const current = (): Changes | null => (changes?.of === JSON.stringify(wanted()) ? changes.seen : null);

  const watchAnew = async (signal: AbortSignal): Promise<void> => {
    changes?.seen[Symbol.dispose]();
    changes = null;
    const of = wanted();
    const seen = await watchChanges(place, of, { startLook: lookWith(self, of), now: upMs }, signal);
    seen.onChange(onChange);
    changes = { of: JSON.stringify(of), seen };
  };

  return {
    current,
    lately: () => changes?.seen ?? null,
    async look(signal) {
      const began = upMs();
      try {
        const known = current();
        if (known) await known.look(signal);
        else await watchAnew(signal);
      } finally {
        lookedAt = upMs();
        lookMs = lookedAt - began;
      }
    },
    looked() {
      lookedAt = upMs();
    },
    lookedAt: () => (current() ? lookedAt : null),
    lookEveryMs: (everyMs) => (changes?.seen.by === 'inotify' ? LOOK_EVERY_MS : Math.max(everyMs, lookMs * LOOK_SHARE)),
    [Symbol.dispose]() {
      changes?.seen[Symbol.dispose]();
    },
  };
}

/** A look costs no more than this part of the time. */
const LOOK_SHARE = 20;
