import { hash } from 'node:crypto';
import { draftManifestKey } from '../../engine/domain/layout.ts';
import type { WatchdogProof } from '../../engine/domain/watchdog-proof.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { manifestOf, packed } from './agent.ts';
import type { FakeMachine } from './machine.ts';

/**
 * What the agent of a machine does when the engine stays silent: everything stands still, it saves, leaves its proof, and
 * ends itself by `end`; without one everything goes on. Looks every minute until it is over.
 */
export function watchOver(machine: FakeMachine, end: (() => void) | null): void {
  const { clock } = machine;
  clock.after(60_000, function look() {
    const heard = machine.life?.heard;
    if (machine.destroyed || !heard) return;
    const orders = heard.answer.watchdog;
    if (!machine.alive || !orders || machine.saving || clock.now() - heard.at < orders.silentMs)
      return void clock.after(60_000, look);
    if (machine.storage.down !== null || machine.atRisk.length > 0) return void clock.after(60_000, look);
    leaveProof(machine, end ? 'stand-still' : 'go-on');
    machine.frozen = end !== null;
    end?.();
  });
}

/** Saves what is there now and says so in storage. */
export function leaveProof(
  machine: FakeMachine,
  processes: WatchdogProof['processes'],
  change: (proof: WatchdogProof) => WatchdogProof = (proof) => proof,
): string {
  const { clock, storage, life } = machine;
  const heard = life?.heard;
  const orders = heard?.answer.watchdog;
  if (!heard || !orders) throw new Error(`${machine.instance} was never told what to do alone`);
  const { workspace, machine: name, epoch } = heard.order;
  const files = new Map(machine.files);
  const lines = manifestOf(files);
  const time = clock.now();
  const tags = [`machine=${name}`, `epoch=${epoch}`, `draft=${orders.ticket.draft}`];
  const snapshot = hash('sha256', `${workspace} ${machine.instance} ${tags.join()} ${time}`);
  storage.keep(workspace, { id: snapshot, time, host: workspace, tags, files, whole: machine.complete }, machine);
  const manifest = packed(lines);
  storage.objects.set(storage.keyOf(orders.ticket.manifestUrl), manifest);
  if (storage.keyOf(orders.ticket.manifestUrl) !== draftManifestKey(workspace, name, orders.ticket.draft))
    throw new Error('the ticket leads elsewhere');
  const proof: WatchdogProof = {
    protocol: heard.order.protocol,
    workspace,
    machine: name,
    taken: {
      snapshot,
      parent: null,
      sequence: orders.ticket.sequence,
      draft: orders.ticket.draft,
      epoch,
      time,
      endedAt: time,
      contentHash: contentHash(lines),
      manifestSha256: hash('sha256', manifest),
      manifestBase: null,
      files: lines.length,
      bytes: 0,
      partial: false,
      atRisk: [],
    },
    processes,
    compared: [],
    at: time,
  };
  storage.objects.set(storage.keyOf(orders.proofUrl), Buffer.from(JSON.stringify(change(proof))));
  return snapshot;
}
