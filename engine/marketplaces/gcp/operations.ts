import { Failure, isFailure } from '../../domain/failures.ts';
import type { Listed, Order } from '../../domain/marketplace.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Answer, shaped } from '../http/call.ts';
import { refusalIn } from './refusals.ts';
import { Operation } from './shapes.ts';

export type GetOperation = (zone: string, name: string, signal: AbortSignal) => Promise<Answer>;

interface Begun {
  readonly zone: string;
  readonly operation: string;
  readonly listed: Listed;
}

/** A reply of 200 says that something was begun; done without an error is what counts. */
export function openOperations(get: GetOperation, clock: Clock) {
  /** Inserts that are not done yet, and those that came to nothing after all. */
  const begun = new Map<string, Begun>();
  const failed = new Map<string, Listed>();

  async function whenDone(zone: string, answer: Answer, ms: number, signal: AbortSignal): Promise<Operation> {
    let operation = shaped(Operation, answer, 'gcp');
    const until = clock.now() + ms;
    while (operation.status !== 'DONE' && clock.now() < until) {
      await clock.sleep(LOOK_MS, signal);
      operation = shaped(Operation, await get(zone, operation.name, signal), 'gcp');
    }
    const refused = refusalIn(operation);
    if (refused) throw refused;
    return operation;
  }

  return {
    /** Returns when it is done. */
    async done(zone: string, answer: Answer, signal: AbortSignal): Promise<void> {
      const { status, name } = await whenDone(zone, answer, DONE_MS, signal);
      if (status === 'DONE') return;
      const why = `${name} is ${status} for ${DONE_MS / 60_000} min`;
      throw new Failure('marketplace_down', { marketplace: 'gcp', why });
    },

    /** An insert is awaited for as long as a create may take; from then on whoever lists looks what became of it. */
    async inserted(
      instance: string,
      order: Order,
      machine: string,
      answer: Answer,
      signal: AbortSignal,
    ): Promise<void> {
      const zone = instance.split('/')[0] ?? '';
      const { status, name } = await whenDone(zone, answer, INSERT_MS, signal);
      const row = { instance, label: order.label, status: 'exited', statusMessage: '', address: null } as const;
      const listed = { ...row, machine, dollarsPerHour: 0, startedAt: clock.now() };
      if (status !== 'DONE') begun.set(instance, { zone, operation: name, listed });
    },

    async look(signal: AbortSignal): Promise<void> {
      for (const [instance, { zone, operation, listed }] of begun) {
        try {
          const { status, error } = shaped(Operation, await get(zone, operation, signal), 'gcp');
          if (status !== 'DONE') continue;
          begun.delete(instance);
          const [first] = error?.errors ?? [];
          if (first) failed.set(instance, { ...listed, statusMessage: `${first.code}: ${first.message}` });
        } catch (cause) {
          signal.throwIfAborted();
          if (!isFailure(cause)) throw cause; // the next look tells
        }
      }
    },

    /** One whose insert failed is shown as ended, with why, until its end is asked for: nobody waits for it any longer. */
    withFailed(all: readonly Listed[]): readonly Listed[] {
      return [...all.filter(({ instance }) => !failed.has(instance)), ...failed.values()];
    },

    forget(instance: string): void {
      begun.delete(instance);
      failed.delete(instance);
    },
  };
}

const LOOK_MS = 1_000;
/** Less than the deadline for a create. */
const INSERT_MS = 6_000;
/** Stops take longest, a minute and a half where the system does not end by itself. */
const DONE_MS = 600_000;
