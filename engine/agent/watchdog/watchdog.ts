import { reasonOf } from '../../domain/failures.ts';
import type { AgentAnswer, Taken } from '../../domain/heartbeat.ts';
import type { Level } from '../../domain/log.ts';

type Orders = NonNullable<AgentAnswer['watchdog']>;

export interface WatchdogSenses {
  /** Since the engine last answered; a clock that only goes forward. */
  silentMs(): number;
  /** What it said last to do about that. */
  orders(): Orders | null;
  /** Who or what needs this machine, in words; null when nobody does. */
  atWork(): string | null;
  /** What else saves or restores here right now; null when nothing does. */
  busy(): string | null;
  /** `lastStand` in a process of its own. `onEnding`: the end was granted. */
  stand(orders: Orders, onEnding: () => void, signal: AbortSignal): Promise<Taken>;
  /** `takeBack`: what the last proof said is not so any more. Does nothing when there is nothing to take back. */
  takeBack(orders: Orders, signal: AbortSignal): Promise<void>;
  /** It saved and stays: for the engine's catalogue, when it comes back. */
  onSaved(taken: Taken): void;
  log(event: string, facts?: Readonly<Record<string, unknown>>, level?: Level): void;
}

export interface Watchdog extends Disposable {
  /** Called every few seconds. `now` is in the same clock as `silentMs`. Resolves when what it began is over. */
  look(now: number): Promise<void>;
  /** The engine spoke, by an answer or an order: everything goes on. Resolves when it does. */
  heard(): Promise<void>;
}

/**
 * When the engine was silent for too long and nobody is at work here, the machine saves, proves and ends itself. No proof,
 * no end. Someone at work, files that no backup has, a storage that does not answer: then everything goes on, and it is
 * tried again later.
 */
export function openWatchdog(senses: WatchdogSenses): Watchdog {
  let standing: { readonly stop: AbortController; readonly over: Promise<void> } | null = null;
  let ending = false;
  let failures = 0;
  let againAt = 0;
  let why = '';
  /** What a killed agent said may still be in storage. */
  let mustTakeBack = true;
  const closed = new AbortController();

  const stand = async (orders: Orders, now: number, signal: AbortSignal): Promise<void> => {
    senses.log('watchdog.began', { silentMs: senses.silentMs(), tries: failures });
    mustTakeBack = true;
    try {
      const granted = (): void => {
        ending = true;
        senses.log('watchdog.ending');
      };
      const taken = await senses.stand(orders, granted, signal);
      failures = 0;
      againAt = now + SAVED_MS;
      senses.onSaved(taken);
      senses.log('watchdog.saved', { snapshot: taken.snapshot });
    } catch (cause) {
      if (signal.aborted) return;
      againAt = now + (RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0);
      failures += 1;
      senses.log('watchdog.failed', { why: reasonOf(cause), failures }, 'WARNING');
    } finally {
      ending = false;
    }
  };

  const takeBack = async (): Promise<void> => {
    const orders = senses.orders();
    if (!mustTakeBack || !orders || ending) return;
    try {
      await senses.takeBack(orders, closed.signal);
      mustTakeBack = false;
    } catch (cause) {
      senses.log('watchdog.not_taken_back', { why: reasonOf(cause) }, 'WARNING');
    }
  };

  /** Why it does nothing now; said once for each reason. */
  const stay = (reason: string): void => {
    if (reason !== why) senses.log('watchdog.stays', { why: reason });
    why = reason;
  };

  return {
    async look(now) {
      if (standing || closed.signal.aborted) return;
      await takeBack();
      const orders = senses.orders();
      if (!orders || standing || now < againAt || senses.silentMs() < orders.silentMs) return;
      const work = senses.atWork() ?? senses.busy();
      if (work !== null) return stay(work);
      why = '';
      const stop = new AbortController();
      const over = stand(orders, now, AbortSignal.any([stop.signal, closed.signal]));
      standing = { stop, over };
      await over;
      standing = null;
      await takeBack();
    },
    async heard() {
      failures = 0;
      againAt = 0;
      why = '';
      if (ending) return;
      standing?.stop.abort(new Error('the engine spoke'));
      await standing?.over;
      await takeBack();
    },
    [Symbol.dispose]() {
      if (!ending) closed.abort(new Error('the agent ends'));
    },
  };
}

const MINUTE = 60_000;
/** After a try that failed; the last one repeats. */
const RETRY_MS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE];
/** Where a machine cannot end itself, it only saves. */
const SAVED_MS = 30 * MINUTE;
