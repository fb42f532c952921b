import { reasonOf } from '../../domain/failures.ts';
import type { AgentAnswer, AgentStatus } from '../../domain/heartbeat.ts';
import { openBell } from './bell.ts';
import type { Log } from './log.ts';
import type { Voice } from './voice.ts';

export interface Heart {
  /** Beats at once, because there is something to say or to ask. */
  nudge(): void;
  /** The machine ends: whoever heard of it from now on would take it for one that lives on. */
  hush(quiet: boolean): void;
  beat(signal: AbortSignal): Promise<void>;
}

interface Body {
  voice(): Voice;
  everyMs(): number;
  status(): AgentStatus;
  hear(answer: AgentAnswer): void;
  readonly log: Log;
}

/** Says how the machine is, again and again, and hears what is to be done. Whatever happens to one beat, the next one comes. */
export function openHeart({ voice, everyMs, status, hear, log }: Body): Heart {
  const bell = openBell();
  let failures = 0;
  let quiet = false;
  let said: AbortController | null = null;
  const say = async (signal: AbortSignal): Promise<void> => {
    said = new AbortController();
    const patience = AbortSignal.any([signal, said.signal, AbortSignal.timeout(ANSWER_MS)]);
    const answer = await voice()(status(), patience);
    if (failures > 0) log('engine.heard', { after: failures });
    failures = 0;
    hear(answer);
  };
  return {
    nudge: bell.ring,
    hush(now) {
      quiet = now;
      if (quiet) said?.abort(new Error('the machine ends'));
      else bell.ring();
    },
    async beat(signal) {
      for (;;) {
        try {
          if (!quiet) await say(signal);
        } catch (cause) {
          signal.throwIfAborted();
          failures += 1;
          if (failures === 1) log('engine.unheard', { why: innermost(cause) }, 'WARNING');
        }
        await bell.wait(pauseMs(failures, everyMs()), signal);
        // Whoever rings all the time still beats no faster than this.
        if (failures > 0) await openBell().wait(AGAIN_MS, signal);
      }
    },
  };
}

/** After a failure sooner than the next one was due, then as often as ever: a beat that nobody hears costs nothing. */
function pauseMs(failures: number, everyMs: number): number {
  return failures === 0 ? everyMs : Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 20), everyMs);
}

function innermost(thrown: unknown): string {
  return thrown instanceof Error && thrown.cause ? innermost(thrown.cause) : reasonOf(thrown);
}

const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;
const AGAIN_MS = 200;
