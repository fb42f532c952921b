import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  type BringBackOrder,
  type ManifestHead,
  type ManifestLine,
  type RestoreOrder,
  type SaveOrder,
  SaveReply,
  type WeighOrder,
} from '../../engine/domain/agent-protocol.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { manifestText } from '../../engine/policy/manifest-change.ts';
import type { Line } from './line.ts';
import type { FakeMachine } from './machine.ts';
import type { Files } from './storage.ts';

/** The programs of a fake machine: what the agent promises, on files in memory. */

export function ready(machine: FakeMachine, line: Line): void {
  const { gpuDead } = machine.manners;
  const say = gpuDead ? 'no GPU initialises' : '1 GPU initialises';
  line.emit({ event: 'ready', checks: [{ name: 'gpu', ok: !gpuDead, say }] });
}

export async function restore(machine: FakeMachine, order: RestoreOrder, line: Line): Promise<void> {
  if (machine.job !== order.job) {
    const kept = order.snapshot && machine.storage.repository(order.workspace).get(order.snapshot.id);
    if (order.snapshot && !kept)
      return line.emit({ event: 'failed', code: 'restore_failed', why: 'the snapshot is not there' });
    machine.storage.onFetch(machine, order);
    machine.begin(order, kept?.files ?? null);
  }
  const { clock } = machine;
  await clock.sleep((machine.usableAt ?? 0) - clock.now(), line.signal);
  line.emit({ event: 'usable', files: machine.files.size, bytes: 0 });
  await clock.sleep((machine.completeAt ?? 0) - clock.now(), line.signal);
  const { files } = machine;
  line.emit({ event: 'complete', files: files.size, bytes: 0, contentHash: contentHash(manifestOf(files)) });
}

/** What the checkpoint holds as it is now gives way; whatever else is in the way stays. */
export function bringBack(machine: FakeMachine, order: BringBackOrder, line: Line): void {
  const repository = machine.storage.repository(order.workspace);
  const kept = repository.get(order.snapshot.id)?.files;
  if (!kept) {
    line.emit({ event: 'failed', code: 'restore_failed', why: 'the snapshot is not there' });
    return;
  }
  const safe = order.safe && repository.get(order.safe.id)?.files;
  const wanted = [...kept].filter(([path]) => order.path === null || `${path}/`.startsWith(`${order.path}/`));
  if (wanted.length === 0) {
    line.emit({ event: 'failed', code: 'bad_path', why: `/${order.path}: the snapshot has no such file` });
    return;
  }
  let beside = 0;
  for (const [path, file] of wanted) {
    const target = order.into === null ? path : `${order.into}/${path.split('/').at(-1)}`;
    const here = machine.files.get(target);
    const free = !here || here.content === file.content || safe?.get(target)?.content === here.content;
    if (!free) beside += 1;
    machine.files.set(free ? target : `${target}.from-snapshot`, file);
  }
  line.emit({ event: 'brought_back', files: wanted.length, bytes: 0, beside, rounds: 1 });
}

export function weigh(machine: FakeMachine, order: WeighOrder, line: Line): void {
  const kept = machine.storage.repository(order.workspace).get(order.snapshot.id)?.files ?? new Map();
  const wanted = [...kept].filter(([path]) => order.path === null || `${path}/`.startsWith(`${order.path}/`));
  const here = wanted.flatMap(([path, file]) => {
    const there = machine.files.get(order.into === null ? path : `${order.into}/${path.split('/').at(-1)}`);
    return there ? [there.content === file.content] : [];
  });
  const same = here.filter((one) => one).length;
  const bytes = wanted.reduce((total, [, { content }]) => total + content.length, 0);
  const inTheWay = here.length - same;
  line.emit({ event: 'weighed', files: wanted.length, bytes, same, inTheWay, inTheWayBytes: 0, rounds: 1 });
}

export async function save(machine: FakeMachine, order: SaveOrder, line: Line): Promise<void> {
  if (machine.saving)
    return line.emit({ event: 'failed', code: 'repository_locked', why: 'another backup is running' });
  if (machine.frozen && order.sequence < machine.keptFor)
    return line.emit({ event: 'failed', code: 'bad_request', why: 'a later order has saved it for the last time' });
  if (order.sequence < (machine.life?.lastSequence ?? 0))
    return line.emit({ event: 'failed', code: 'order_outdated', why: 'a ticket with a higher number was used' });
  machine.saving = true;
  machine.life?.outdate(order.sequence);
  const last = order.mode === 'last';
  let keepStopped = false;
  try {
    if (last) machine.frozen = true;
    await backUp(machine, order, line);
    const stay = await answer(machine, line);
    keepStopped = last && stay && !machine.agentDies;
  } finally {
    machine.saving = false;
    if (last) machine.frozen = keepStopped;
    if (keepStopped) machine.keptFor = order.sequence;
  }
  if (keepStopped) line.emit({ event: 'kept_stopped' });
}

async function backUp(machine: FakeMachine, order: SaveOrder, line: Line): Promise<void> {
  const { clock, storage, claim } = machine;
  const files = new Map(machine.files);
  const lines = manifestOf(files);
  const partial = !machine.complete || machine.atRisk.some(({ kind }) => kind === 'unlisted');
  const manifest = packed(lines);
  await clock.sleep(machine.manners.saveMs, line.signal);
  const id = claim && hash('sha256', `${order.workspace} ${machine.instance} ${order.tags.join()} ${order.time}`);
  if (id !== null) {
    const { workspace: host, time, tags } = order;
    storage.keep(host, { id, time, host, tags, files, whole: !partial }, machine);
    storage.objects.set(storage.keyOf(order.manifestUrl), manifest);
  }
  line.emit({
    event: 'saved',
    snapshot: id,
    parent: order.full ? null : order.parent,
    contentHash: contentHash(lines),
    files: lines.length,
    bytes: 0,
    partial,
    atRisk: [...machine.atRisk],
    newest: [],
    manifestSha256: hash('sha256', manifest),
    epoch: claim?.epoch ?? 0,
  });
}

/** Answers challenges until the verdict; true when the user's processes stay stopped. */
async function answer(machine: FakeMachine, line: Line): Promise<boolean> {
  for (;;) {
    const said = await nextWithin(VERDICT_MS, machine, line);
    if (said === null) {
      line.emit({ event: 'failed', code: 'backup_failed', why: 'no verdict came, so people work on' });
      return false;
    }
    const reply = SaveReply.parse(JSON.parse(said));
    if (reply.say === 'verdict') return reply.processes === 'keep-stopped';
    const { files } = machine;
    const digest = (path: string): string | null => {
      const file = files.get(path);
      return file ? hash('sha256', file.content) : null;
    };
    line.emit({ event: 'digests', sha256: Object.fromEntries(reply.paths.map((path) => [path, digest(path)])) });
  }
}

/** As long as the real one waits. */
const VERDICT_MS = 15 * 60_000;

async function nextWithin(ms: number, { clock }: FakeMachine, line: Line): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const cancel = clock.after(ms, () => resolve(null));
  try {
    return await Promise.race([line.next(), promise]);
  } finally {
    cancel();
  }
}

/** A few hundred bytes need no quarter of a megabyte to be packed in. */
const SMALL = { level: 1, memLevel: 1, windowBits: 9 } as const;

export function packed(lines: readonly ManifestLine[], backup?: ManifestHead['backup']): Uint8Array {
  return gzipSync(manifestText(lines, null, backup).text, SMALL);
}

export function manifestOf(files: Files): ManifestLine[] {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([path, file]) => ({
    path,
    type: 'file' as const,
    mode: 0o644,
    mtimeMs: file.mtimeMs,
    sizeBytes: file.content.length,
    sha256: hash('sha256', file.content),
  }));
}
