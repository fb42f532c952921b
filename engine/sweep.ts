import { isFailure, reasonOf } from './domain/failures.ts';
import { readLabel } from './domain/layout.ts';
import type { Ports } from './domain/ports.ts';
import { adoptListed } from './steps/adoption.ts';

/**
 * Compares what marketplaces list with what we know, at start and on a schedule. Machines of others are never touched;
 * ours without a record get one, and from there their own driver saves and releases them.
 */
export async function sweep(ports: Ports, signal: AbortSignal): Promise<void> {
  for (const marketplace of ports.marketplaces.values()) {
    try {
      const listed = await marketplace.list(signal);
      const machines = (await ports.store.list('machines')).filter(
        (machine) => machine.marketplace === marketplace.name,
      );
      for (const one of listed) {
        const label = readLabel(one.label);
        if (label?.installation !== ports.settings.installation) continue;
        const mine = machines.filter((machine) => machine.label === one.label);
        if (mine.some((machine) => machine.state !== 'gone')) continue;
        const before = mine.toSorted((a, b) => b.since - a.since)[0] ?? {
          workspace: label.workspace,
          marketplace: marketplace.name,
        };
        const adopted = await adoptListed(
          one,
          before,
          mine.length > 0 ? 'the marketplace lists it although it was gone' : 'no record knew it',
          ports,
        );
        ports.log('machine.adopted', { machine: adopted.id, label: one.label, instance: one.instance });
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause)) throw cause;
      ports.log('sweep.failed', { marketplace: marketplace.name, why: reasonOf(cause) }, 'WARNING');
    }
  }
}

/** Sweeps for ever. */
export async function keepSweeping(ports: Ports, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sweep(ports, signal);
    await ports.clock.sleep(ports.settings.watch.sweepMs, signal);
  }
}
