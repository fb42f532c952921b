import { isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { within } from './deadline.ts';
import { orderFor } from './order.ts';
import { marketplaceOf, raceBell, type Step, verdictOn } from './step.ts';

/**
 * Asks the marketplace for the machine, once. A row that may have been asked for already is never asked for again: the
 * answer could have been lost, and the machine would be paid for twice. It is looked for by its label and released.
 * While the call waits for the marketplace's limit the race may be decided; then it never leaves.
 */
export const renting: Step = async (machine, ports, signal, note) => {
  if (machine.departedAt !== null) return { to: 'releasing', why: 'the answer to its rental was lost' };
  const dropped = await verdictOn(machine, ports);
  if (dropped) return { to: 'releasing', why: dropped };

  const order = await orderFor(machine, ports);
  const { createMs } = ports.settings.race.deadlines;
  const queue = new AbortController();
  const watch = new AbortController();
  verdictFor(machine, ports, AbortSignal.any([signal, watch.signal])).then(
    (why) => {
      if (!watch.signal.aborted) queue.abort(new Error(why));
    },
    () => undefined,
  );
  try {
    const instance = await within(
      'create',
      createMs,
      ports.clock,
      AbortSignal.any([signal, queue.signal]),
      async (rentSignal, depart) => {
        const departing = async (): Promise<void> => {
          watch.abort(); // what has left is never called back
          rentSignal.throwIfAborted();
          const late = await verdictOn(machine, ports);
          if (late) throw new Error(late);
          await ports.fence.check(machine.id, rentSignal);
          await note({ departedAt: ports.clock.now() });
          depart();
        };
        return await marketplaceOf(machine, ports).rent(machine.offer, order, departing, rentSignal);
      },
      'departure',
    );
    return { to: 'booting', why: 'rented', facts: { instance } };
  } catch (cause) {
    signal.throwIfAborted(); // stopping: the next start finds `departedAt` and looks for the label
    if (isFailure(cause, 'fenced', 'row_changed')) throw cause;
    const why = reasonOf(cause);
    const account = isFailure(cause, 'no_credit', 'spend_limit', 'marketplace_key');
    return { to: 'releasing', why, facts: account ? { refused: why } : {} };
  } finally {
    watch.abort();
  }
};

/** Returns why the race lets this machine go, when it does. */
async function verdictFor(machine: Machine, ports: Ports, signal: AbortSignal): Promise<string> {
  using ear = ports.bell.listen(raceBell(machine.race ?? machine.id));
  for (;;) {
    const why = await verdictOn(machine, ports);
    if (why) return why;
    await ear.wait(ports.settings.watch.bootPollMs, signal);
  }
}
