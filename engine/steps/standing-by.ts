import { Absence, findIn } from './absence.ts';
import { marketplaceOf, raceBell, type Step, verdictOn, workspaceOf } from './step.ts';

/** Ready, and waits for the race to give it the claim or to let it go. */
export const standingBy: Step = async (machine, ports, signal) => {
  const { watch, release } = ports.settings;
  const absence = new Absence(release.proofGapMs);
  using ear = ports.bell.listen(raceBell(machine.race ?? machine.id));
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    if (workspace?.claim?.machine === machine.id) {
      return { to: 'restoring', why: 'it holds the claim', facts: { epoch: workspace.claim.epoch } };
    }
    const dropped = await verdictOn(machine, ports);
    if (dropped) return { to: 'releasing', why: dropped };
    if (machine.race === null) return { to: 'releasing', why: 'its workspace went to another machine' };

    const departedAt = ports.clock.now();
    const listed = findIn(await marketplaceOf(machine, ports).list(signal), machine);
    if (absence.sees(listed !== undefined, departedAt)) return { to: 'lost', why: 'two lists do not have it any more' };
    await ear.wait(watch.lookMs, signal);
  }
};
