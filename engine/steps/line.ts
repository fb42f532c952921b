import type { Machine } from '../domain/lifecycle.ts';
import type { Heard, Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { type Link, openLink } from './link.ts';

/** Keeps one link to a machine for as long as its step runs, and opens another when it breaks or nothing is heard through it. */
export interface Line extends AsyncDisposable {
  hold(machine: Machine, workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<void>;
  /** What the agent should know at once, not only at its next heartbeat. */
  renew(machine: Machine, workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<void>;
}

export function keepLine(): Line {
  let link: Link | null = null;
  let heardBefore: Heard | null = null;
  /** Ways that were tried and carried nothing. */
  const silent = new Set<Link['by']>();

  const close = async (): Promise<void> => {
    const last = link;
    link = null;
    await last?.[Symbol.asyncDispose]();
  };

  return {
    async hold(machine, workspace, ports, signal) {
      if (link && !link.lost.aborted) {
        const heard = ports.heartbeats.latest(machine.id);
        const quietMs = ports.clock.now() - Math.max(heard?.at ?? 0, link.openedAt);
        if (quietMs <= ports.settings.agent.silentMs) return;
        // By no clock: ours may have been set back since it was opened.
        if (heard === heardBefore && link.by !== 'streams') silent.add(link.by);
        ports.log(
          'agent.silent',
          { workspace: machine.workspace, machine: machine.id, by: link.by, ms: quietMs },
          'WARNING',
        );
      }
      await close();
      heardBefore = ports.heartbeats.latest(machine.id);
      link = await openLink(machine, workspace, ports, signal, silent);
    },

    async renew(machine, workspace, ports, signal) {
      await link?.renew(machine, workspace, ports, signal);
    },

    [Symbol.asyncDispose]: close,
  };
}
