import type { Looks } from './looks.ts';
import { wallOf } from './moment.ts';
import type { Notebook } from './notebook.ts';
import type { Progress, RunningBackup } from './start-backup.ts';
import type { Tickets } from './tickets.ts';

/** Another one saves; letting go of it is the end of that. */
export interface Aside extends Disposable {
  readonly known: {
    readonly durableAgoMs: number | null;
    readonly changed: boolean;
    readonly parent: string | null;
    /** The highest place in the catalogue that was used here before. */
    readonly last: number;
  };
  took(snapshot: string): void;
}

/** Who saves instead of us, one or many at a time. */
export interface Asides {
  readonly any: () => boolean;
  hear(said: Progress): void;
  stand(
    sequence: number,
    running: RunningBackup | null,
    onProgress: (said: Progress) => void,
    signal: AbortSignal,
  ): Promise<Aside>;
}

interface Known {
  readonly tickets: Tickets;
  readonly notebook: Notebook;
  readonly looks: Looks;
  readonly onOver: () => void;
}

export function openAsides({ tickets, notebook, looks, onOver }: Known): Asides {
  let count = 0;
  let listener: ((said: Progress) => void) | null = null;
  return {
    any: () => count > 0,
    hear: (said) => listener?.(said),
    async stand(sequence, running, onProgress, signal) {
      count += 1;
      const last = tickets.last();
      try {
        tickets.passed(sequence);
        notebook.note({});
        listener = onProgress;
        await Promise.race([running?.end, aborted(signal)]);
      } catch (cause) {
        count -= 1;
        throw cause;
      } finally {
        listener = null;
      }
      const { durableAt, parent } = notebook.now();
      const unchanged = looks.lately()?.by === 'inotify' && looks.current()?.changedAt() === null;
      return {
        known: {
          durableAgoMs: durableAt && Math.max(Date.now() - wallOf(durableAt), 0),
          changed: !unchanged,
          parent,
          last,
        },
        // Whether it is believed we do not hear, so what changed goes on to count.
        took: (snapshot) => notebook.note({ parent: snapshot }),
        [Symbol.dispose]() {
          count -= 1;
          onOver();
        },
      };
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
