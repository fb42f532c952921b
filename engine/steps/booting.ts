import { isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Address } from '../domain/marketplace.ts';
import type { Ports } from '../domain/ports.ts';
import { bootsTooLong } from '../policy/race.ts';
import { Absence, findIn } from './absence.ts';
import { within } from './deadline.ts';
import { compareWithBootLog } from './host-key.ts';
import { marketplaceOf, raceBell, type Step, verdictOn } from './step.ts';

/** Waits until SSH answers. Whether it takes too long is its race's decision, or ours after that; that it ended is ours. */
export const booting: Step = async (machine, ports, signal, note) => {
  const { watch, release, race } = ports.settings;
  const marketplace = marketplaceOf(machine, ports);
  const absence = new Absence(release.proofGapMs);
  using ear = ports.bell.listen(raceBell(machine.race ?? machine.id));
  let words = '';
  let reachableSince: number | null = null;

  for (;;) {
    signal.throwIfAborted();
    const dropped = await verdictOn(machine, ports);
    if (dropped) return { to: 'releasing', why: dropped };

    const departedAt = ports.clock.now();
    const listed = findIn(await marketplace.list(signal), machine);
    if (absence.sees(listed !== undefined, departedAt)) return { to: 'lost', why: 'two lists do not have it any more' };
    if (listed?.status === 'exited')
      return { to: 'releasing', why: `it ended while it booted: ${listed.statusMessage.trim()}` };

    if (listed && words !== `${listed.status} ${listed.statusMessage}`) {
      if (words !== '') machine = await note({ stirredAt: ports.clock.now() });
      words = `${listed.status} ${listed.statusMessage}`;
    }
    if (listed?.address) {
      reachableSince ??= ports.clock.now();
      const met = await greet(machine, listed.address, ports, signal);
      if ('hostKey' in met) {
        return {
          to: 'installing',
          why: 'SSH answers',
          facts: { address: listed.address, hostKey: met.hostKey, revived: undefined },
        };
      }
      if (met.impostor) return { to: 'releasing', why: met.why };
      const silentMs = ports.clock.now() - reachableSince;
      if (silentMs >= race.deadlines.connectMs) return { to: 'releasing', why: `slow: ${met.why}` };
    }
    // Started again in place: its race is over. Should it answer yet, it is met as one that came back.
    const now = ports.clock.now();
    const { since, stirredAt, entered } = machine;
    if (entered.paused !== undefined && bootsTooLong(since, stirredAt ?? since, race.roundMs, now))
      return { to: 'releasing', why: `slow: started again, and silent for ${Math.round((now - since) / 1_000)} s` };
    await ear.wait(watch.bootPollMs, signal);
  }
};

type Greeting = { readonly hostKey: string } | { readonly why: string; readonly impostor: boolean };

/** First contact. The key that answers must be the one the boot script printed, where the marketplace shows that. */
async function greet(machine: Machine, address: Address, ports: Ports, signal: AbortSignal): Promise<Greeting> {
  const { connectMs } = ports.settings.race.deadlines;
  try {
    return await within('connect', connectMs, ports.clock, signal, async (connectSignal) => {
      await using shell = await ports.connect(address, null, connectSignal);
      await compareWithBootLog(machine, address, shell.hostKey, ports, connectSignal);
      return { hostKey: shell.hostKey };
    });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    return { why: reasonOf(cause), impostor: cause.code === 'host_key_changed' };
  }
}
