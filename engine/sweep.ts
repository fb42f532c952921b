import { alertId } from './domain/alert.ts';
import { type Failure, isFailure } from './domain/failures.ts';
import { readLabel } from './domain/layout.ts';
import { type Machine, rateOf } from './domain/lifecycle.ts';
import type { Listed } from './domain/marketplace.ts';
import { perHour } from './domain/money.ts';
import type { Ports } from './domain/ports.ts';
import { type Ringing, settleAlerts } from './process/alerts.ts';
import { report } from './report.ts';
import { adoptListed } from './steps/adoption.ts';
import { forgetDestroyed } from './steps/vault.ts';
import { tidy } from './tidy.ts';

/**
 * Compares what marketplaces list with what we know, at start and on a schedule. Machines of others are never touched;
 * ours without a record get one, and from there their own driver saves and releases them.
 */
export async function sweep(ports: Ports, signal: AbortSignal): Promise<void> {
  const refused = new Map<string, Failure>();
  const silent = new Set<string>();
  for (const marketplace of ports.marketplaces.values()) {
    try {
      const earlier = await ports.store.list('machines');
      const listed = await marketplace.list(signal);
      const machines = await ports.store.list('machines');
      for (const one of listed) {
        const label = readLabel(one.label);
        if (label?.installation !== ports.settings.installation) continue;
        const mine = machines.filter((machine) => machine.marketplace === marketplace.name && isOf(machine, one));
        // Owned, or owned until a moment ago: then this list may be older than its end, and the next one tells.
        if (!mine.every((machine) => earlier.some((row) => row.id === machine.id && row.state === 'gone'))) continue;
        const before = mine.toSorted((a, b) => a.since - b.since).at(-1) ?? {
          workspace: label.workspace,
          marketplace: marketplace.name,
        };
        const adopted = await adoptListed(
          one,
          before,
          mine.length > 0 ? 'the marketplace lists it although it was gone' : 'no record knew it',
          ports,
        );
        const { id: machine, workspace } = adopted;
        ports.log('machine.adopted', { workspace, machine, label: one.label, instance: one.instance });
      }
    } catch (cause) {
      signal.throwIfAborted();
      report('sweep.failed', cause, ports, signal, { marketplace: marketplace.name });
      if (isFailure(cause, 'marketplace_key')) refused.set(marketplace.name, cause);
      else silent.add(marketplace.name);
    }
  }
  await tellRefused(refused, silent, ports).catch((cause: unknown) => report('alerts.not_kept', cause, ports, signal));
}

/** Marketplaces that refuse their key, and what goes on costing there meanwhile. Of those that said nothing nothing is known. */
async function tellRefused(
  refused: ReadonlyMap<string, Failure>,
  silent: ReadonlySet<string>,
  ports: Ports,
): Promise<void> {
  const machines = (await ports.store.list('machines')).filter(
    ({ state, departedAt }) => state !== 'gone' && departedAt !== null,
  );
  const ringing = [...refused].map(([name, failure]): readonly [string, Ringing] => {
    const mine = machines.filter(({ marketplace }) => marketplace === name);
    const costs = perHour(mine.reduce((sum, machine) => sum + rateOf(machine), 0));
    const still = mine.length === 0 ? '' : `; machines there: ${mine.length}, which go on costing ${costs}`;
    return [idFor(name), { kind: 'key_refused', workspace: null, why: `${failure.message}${still}` }];
  });
  const unknown = new Set([...silent].map(idFor));
  await settleAlerts(new Map(ringing), ({ id, kind }) => kind === 'key_refused' && !unknown.has(id), ports);
}

const idFor = (marketplace: string): string => alertId('key_refused', marketplace);

/** A record of this very rental; while the answer to its rental is not known, by its label. */
function isOf(machine: Machine, listed: Listed): boolean {
  return machine.label === listed.label && (machine.instance ?? listed.instance) === listed.instance;
}

/** Sweeps for ever, and takes out what is long over. What fails now, be it a fault of ours, is tried again at the next round. */
export async function keepSweeping(ports: Ports, signal: AbortSignal): Promise<void> {
  const orSay = async (event: string, work: Promise<void>): Promise<void> => {
    await work.catch((cause: unknown) => report(event, cause, ports, signal));
    signal.throwIfAborted();
  };
  let forgotAt = 0;
  for (;;) {
    await orSay('sweep.failed', sweep(ports, signal));
    await orSay('tidy.failed', tidy(ports));
    if (ports.clock.now() - forgotAt >= ports.settings.upkeep.dailyMs) {
      forgotAt = ports.clock.now();
      await orSay('vault.keeps', forgetDestroyed(ports, signal));
    }
    await ports.clock.sleep(ports.settings.watch.sweepMs, signal);
  }
}
