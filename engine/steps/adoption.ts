import { hash } from 'node:crypto';
import { adopt, type Machine } from '../domain/lifecycle.ts';
import type { Listed, Offer } from '../domain/marketplace.ts';
import type { Ports } from '../domain/ports.ts';
import { rowsBell } from './step.ts';

/** Writes a record for a machine of ours that has none, so that something owns it from now on. */
export async function adoptListed(
  listed: Listed,
  before: Machine | AdoptOrigin,
  why: string,
  ports: Ports,
): Promise<Machine> {
  const known = 'state' in before ? before : null;
  const twin = (await ports.store.list('machines')).find(
    (row) =>
      row.state !== 'gone' &&
      row.id !== known?.id &&
      row.marketplace === before.marketplace &&
      row.instance === listed.instance,
  );
  if (twin) return twin; // a crash came between the adoption and what follows it
  const worked = known === null || known.entered.running !== undefined || known.entered.stranded !== undefined;
  const origin = {
    // The same for whoever adopts it, so that of two engines only one can.
    id: `m${hash('sha256', `${before.marketplace} ${listed.instance} ${known?.id ?? ''}`).slice(0, 12)}`,
    workspace: before.workspace,
    race: null,
    label: listed.label ?? '',
    marketplace: before.marketplace,
    offer: known?.offer ?? offerOf(listed, before.marketplace),
  };
  const from = await billedFrom(listed, known, ports);
  const adopted = adopt(origin, listed.instance, worked, from, why, ports.clock.now());
  const row = await ports.store.save('machines', {
    ...adopted,
    address: listed.address,
    hostKey: known?.hostKey ?? null,
    revived: known?.revived,
    epoch: known?.epoch ?? null,
    restored: known?.restored ?? null,
    complete: known?.complete ?? true,
  });
  ports.tell({ event: 'machine.adopted', workspace: row.workspace, machine: row.id, why });
  ports.bell.ring(rowsBell);
  return row;
}

/** What its earlier record did not put into the ledger is this one's to pay for. */
async function billedFrom(listed: Listed, known: Machine | null, ports: Ports): Promise<number> {
  if (known === null || known.departedAt === null) return listed.startedAt;
  const bill = await ports.store.read('bills', known.id);
  return Math.max(known.departedAt, bill?.meteredUntil ?? 0, known.billedUntil ?? 0);
}

export interface AdoptOrigin {
  readonly workspace: string;
  readonly marketplace: string;
}

/** All that a list tells of an offer we no longer know. */
function offerOf(listed: Listed, marketplace: string): Offer {
  return {
    id: listed.instance,
    marketplace,
    machine: listed.machine,
    host: listed.machine,
    region: 'unknown',
    gpu: 'unknown',
    gpuCount: 0,
    vramGb: 0,
    cpuCount: null,
    memoryGb: null,
    diskGb: 0,
    dollarsPerHour: listed.dollarsPerHour,
    dollarsPerGbDown: 0,
    dollarsPerGbUp: 0,
    reliability: 0,
    downMbps: null,
    upMbps: null,
    cuda: null,
    verified: false,
    spot: false,
  };
}
