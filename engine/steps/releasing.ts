import { isFailure, reasonOf } from '../domain/failures.ts';
import { type Machine, mayDestroy } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { Absence, findIn } from './absence.ts';
import { adoptListed } from './adoption.ts';
import { onlyAdopts } from './only-adopts.ts';
import { marketplaceOf, type Step } from './step.ts';

/**
 * Destroys it, for as long as that takes, and believes only two lists without it. A machine that was lost with work on it
 * is never destroyed here: should it come back, it is adopted under a new record and saved.
 */
export const releasing: Step = async (machine, ports, signal, note) => {
  const { release } = ports.settings;
  await ports.store.unclaim(machine.workspace, machine.id);
  if (machine.departedAt === null) return { to: 'gone', why: `${machine.why}; it was never asked for` };
  const allowed = mayDestroy(machine);
  const marketplace = marketplaceOf(machine, ports);
  const absence = new Absence(release.proofGapMs);
  let tries = 0;
  let nextTryAt = 0;
  let told = false;
  let wasListed = false;

  for (;;) {
    signal.throwIfAborted();
    const departedAt = ports.clock.now();
    const listed = findIn(await marketplace.list(signal), machine);
    if (absence.sees(listed !== undefined, departedAt)) {
      // Lists show a new machine late. Only one that was in a list before has surely ended by the first without it.
      const until = wasListed ? (absence.since ?? departedAt) : departedAt;
      const billedUntil = endedItself(machine) ? Math.min(until, machine.sealed.at + OWN_END_MS) : until;
      return { to: 'gone', why: `${machine.why}; two lists agree`, facts: { billedUntil } };
    }
    wasListed ||= listed !== undefined;
    // Also one that was to end itself and did not: what was done on it since its proof nobody knows.
    if (listed && (allowed === null || endedItself(machine))) {
      const adopted = await adoptListed(listed, machine, 'it came back after it was counted as lost', ports);
      const facts = { billedUntil: adopted.departedAt };
      return { to: 'gone', why: `it came back, and lives on as ${adopted.id}`, facts };
    }
    if (await onlyAdopts(ports)) nextTryAt = ports.clock.now() + release.proofGapMs;
    if (listed && departedAt >= nextTryAt) {
      await note({}); // whoever took this machine over has written its row since, and then this fails
      await ports.fence.check(machine.id, signal);
      try {
        await marketplace.destroy(listed.instance, signal);
      } catch (cause) {
        signal.throwIfAborted();
        if (!isFailure(cause)) throw cause;
        ports.log(
          'machine.destroy_failed',
          { workspace: machine.workspace, machine: machine.id, tries, why: reasonOf(cause) },
          'WARNING',
        );
      }
      nextTryAt = ports.clock.now() + (release.retryMs[Math.min(tries, release.retryMs.length - 1)] ?? 0);
      tries += 1;
    }
    const forMs = ports.clock.now() - (machine.entered.releasing ?? machine.since);
    if (listed && !told && forMs >= release.tellAfterMs) {
      told = true;
      const { dollarsPerHour } = machine.offer;
      ports.tell({
        event: 'release.slow',
        workspace: machine.workspace,
        machine: machine.id,
        why: 'it is still listed',
        dollarsPerHour,
        forMs,
      });
    }
    await ports.clock.sleep(waitMs(listed !== undefined, nextTryAt, ports), signal);
  }
};

/** It was gone before anybody looked, and had proved its work. */
function endedItself(machine: Machine): machine is Machine & { sealed: NonNullable<Machine['sealed']> } {
  return machine.entered.lost !== undefined && machine.sealed !== null;
}

/** From its proof to its end at the marketplace; nobody is charged for the hours until an engine came to look. */
const OWN_END_MS = 5 * 60_000;

function waitMs(present: boolean, nextTryAt: number, ports: Ports): number {
  const { proofGapMs } = ports.settings.release;
  return present ? Math.max(1, Math.min(nextTryAt - ports.clock.now(), proofGapMs)) : proofGapMs;
}
