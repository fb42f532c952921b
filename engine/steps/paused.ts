import { type FailureCode, isFailure, reasonOf } from '../domain/failures.ts';
import { Absence, findIn } from './absence.ts';
import { wishByItself } from './by-itself.ts';
import { marketplaceOf, type Step, workspaceBell, workspaceOf } from './step.ts';

const RELEASED = 'it stood still for so long that its machine is let go; its work is in storage';

/** What a marketplace says when a machine stays where it is. */
const NOT_STARTED: readonly FailureCode[] = [
  'gpu_taken',
  'offer_taken',
  'no_credit',
  'spend_limit',
  'marketplace_refused',
];

/** Stopped in place, its work saved before. It keeps its claim, so a wake starts it again instead of racing. */
export const paused: Step = async (machine, ports, signal, note) => {
  const { watch, release, reserveMs } = ports.settings;
  const marketplace = marketplaceOf(machine, ports);
  const absence = new Absence(release.proofGapMs);
  using ear = ports.bell.listen(workspaceBell(machine.workspace));
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    if (workspace?.claim?.machine !== machine.id) return { to: 'releasing', why: 'its workspace went elsewhere' };
    if (workspace.wish.want === 'asleep')
      return { to: 'releasing', why: `${workspace.wish.by}: ${workspace.wish.why}` };
    if (workspace.wish.want === 'paused' && ports.clock.now() - machine.since >= reserveMs)
      await wishByItself(`reserve-${machine.id}-${machine.since}`, 'asleep', workspace, RELEASED, ports);
    const departedAt = ports.clock.now();
    const listed = findIn(await marketplace.list(signal), machine);
    if (absence.sees(listed !== undefined, departedAt))
      return { to: 'releasing', why: 'two lists do not have it any more' };
    const stillDollarsPerHour = listed?.status === 'stopped' ? listed.dollarsPerHour : machine.stillDollarsPerHour;
    if (stillDollarsPerHour !== machine.stillDollarsPerHour) machine = await note({ stillDollarsPerHour });
    if (listed && workspace.wish.want === 'awake') {
      // From the moment it starts somebody can work on it: what was saved before is not all of its work any more.
      const { sealed } = machine;
      const revived = { at: ports.clock.now(), times: 1, started: false };
      machine = await note({ sealed: null, revived });
      await ports.fence.check(machine.id, signal);
      try {
        await marketplace.start(listed.instance, signal);
      } catch (cause) {
        signal.throwIfAborted();
        if (isFailure(cause, 'marketplace_busy')) {
          machine = await note({ sealed, revived: undefined });
          const { id, workspace: name } = machine;
          ports.log('machine.not_started', { workspace: name, machine: id, why: reasonOf(cause) }, 'WARNING');
          await ear.wait(watch.bootPollMs, signal);
          continue;
        }
        if (!isFailure(cause, ...NOT_STARTED)) throw cause;
        // It did not start, so what was saved is still all of its work; the wake goes on elsewhere.
        return { to: 'releasing', why: reasonOf(cause), facts: { sealed, revived: undefined } };
      }
      // It may come back at another address, and with a host key that is learned as at first contact.
      return {
        to: 'booting',
        why: 'started again in place',
        facts: { address: null, hostKey: null, stirredAt: null, revived: { ...revived, started: true } },
      };
    }
    await ear.wait(watch.lookMs, signal);
  }
};
