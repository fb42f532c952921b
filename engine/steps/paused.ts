import { marketplaceOf, type Step, workspaceBell, workspaceOf } from './step.ts';

/** Stopped in place, its work saved before. It keeps its claim, so a wake starts it again instead of racing. */
export const paused: Step = async (machine, ports, signal) => {
  using ear = ports.bell.listen(workspaceBell(machine.workspace));
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    if (workspace?.claim?.machine !== machine.id) return { to: 'releasing', why: 'its workspace went elsewhere' };
    if (workspace.wish.want === 'asleep')
      return { to: 'releasing', why: `${workspace.wish.by}: ${workspace.wish.why}` };
    if (workspace.wish.want === 'awake') {
      await ports.fence.check(machine.id, signal);
      await marketplaceOf(machine, ports).start(machine.instance ?? '', signal);
      // It may come back at another address, and with a host key that is learned as at first contact.
      return {
        to: 'booting',
        why: 'started again in place',
        facts: { address: null, hostKey: null, stirredAt: null },
      };
    }
    await ear.wait(ports.settings.watch.lookMs, signal);
  }
};
