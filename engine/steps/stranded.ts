import { isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Listed, ListedStatus } from '../domain/marketplace.ts';
import type { Ports } from '../domain/ports.ts';
import { Absence, findIn } from './absence.ts';
import { within } from './deadline.ts';
import { compareWithBootLog } from './host-key.ts';
import { abandonment, marketplaceOf, type Step, workspaceBell, workspaceOf } from './step.ts';

/**
 * It has work on it and does not answer. As long as a marketplace lists it, it may return, and it is never given up here:
 * only two lists without it and its silence together make it lost.
 */
export const stranded: Step = async (machine, ports, signal, note) => {
  const { watch, release } = ports.settings;
  const marketplace = marketplaceOf(machine, ports);
  const absence = new Absence(release.proofGapMs);
  using ear = ports.bell.listen(workspaceBell(machine.workspace));
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    const abandoned = abandonment(machine, workspace);
    if (abandoned) return { to: 'saving', why: `${abandoned.by} gives up what is on it` };
    const departedAt = ports.clock.now();
    const listed = findIn(await marketplace.list(signal), machine);
    if (listed && ENDED.has(listed.status) && marketplace.pauses) {
      // Its host stopped it, or we did and were killed before that was written down. Its work is on its disk.
      machine = await note({ address: null, hostKey: null });
      await ports.fence.check(machine.id, signal);
      await marketplace.start(listed.instance, signal);
    }
    const met = await meet(machine, listed, ports, signal);
    if (met) {
      const mine = workspace?.claim?.machine === machine.id;
      const facts = { ...met, complete: machine.complete };
      const wanted = mine && workspace.wish.want === 'awake';
      // Once it was being saved its processes may stand still, and only another save lets them go on.
      if (wanted && machine.entered.saving === undefined) return { to: 'running', why: 'it answers again', facts };
      return {
        to: 'saving',
        why: mine ? 'it answers again, and is saved first' : 'it answers; what it holds is saved',
        facts,
      };
    }
    if (absence.sees(listed !== undefined, departedAt))
      return { to: 'lost', why: 'two lists do not have it, and it does not answer' };
    await ear.wait(watch.lookMs, signal);
  }
};

const ENDED: ReadonlySet<ListedStatus> = new Set(['stopped', 'exited']);

async function meet(
  machine: Machine,
  listed: Listed | undefined,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pick<Machine, 'address' | 'hostKey'> | null> {
  const address = listed?.address ?? machine.address;
  if (!address) return null;
  const { connectMs } = ports.settings.race.deadlines;
  try {
    return await within('connect', connectMs, ports.clock, signal, async (connectSignal) => {
      await using shell = await ports.connect(address, machine.hostKey, connectSignal);
      if (machine.hostKey === null) await compareWithBootLog(machine, address, shell.hostKey, ports, connectSignal);
      return { address, hostKey: shell.hostKey };
    });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    ports.log('machine.silent', { machine: machine.id, why: reasonOf(cause) });
    return null;
  }
}
