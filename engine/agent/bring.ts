import { readFileSync, rmSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { AgentEvent, ManifestLine, RestoreOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { fetchPart, type Job, placePart, rememberPart, startJob } from './bring-part.ts';
import { readClaim, writeClaim } from './claim.ts';
import { isCritical } from './critical.ts';
import { codeOf, writeDurably } from './durable.ts';
import { beginHere } from './elsewhere.ts';
import { PARTS, type Part } from './fetch-share.ts';
import { openHashers } from './hash-files.ts';
import { takeHeadStart } from './head-start.ts';
import { openWakeImage, type WakeImage } from './image/wake-image.ts';
import { openKnownFiles } from './known-files.ts';
import type { Lock } from './lock.ts';
import { packManifest, unpackManifest } from './manifest.ts';
import { manifestFileOf } from './parent.ts';
import { checkedPath, type Place, STAGING } from './place.ts';
import { openRestic } from './restic-here.ts';
import { restoredContent } from './restored-content.ts';
import { makeRoots, settleRoots } from './roots.ts';
import { checkSpace } from './space.ts';
import { fetchObject } from './transfer.ts';
import { inheritUsed } from './used-files.ts';

/**
 * Brings the files of a snapshot in parts: what a person needs to start, the large data they used last, then the rest of it. Each part is fetched
 * beside where it belongs, compared with the manifest, and only then moved into its place. Returns the manifest.
 */
export async function bring(
  order: RestoreOrder,
  place: Place,
  lock: Lock,
  say: (event: AgentEvent) => void,
  signal: AbortSignal,
): Promise<readonly ManifestLine[]> {
  const { workspace, epoch, snapshot } = order;
  const claim = readClaim(place);
  if (claim && claim.workspace !== workspace)
    throw new Failure('bad_request', { why: `this machine holds ${claim.workspace}, not ${workspace}` });
  beginHere(place);
  if (snapshot === null) {
    makeRoots(place, []);
    writeClaim(place, { workspace, epoch, snapshot: null, complete: true });
    say({ event: 'usable', files: 0, bytes: 0 });
    say({ event: 'complete', files: 0, bytes: 0, contentHash: null });
    return [];
  }
  await using opening = order.image ? imageSoon(order, signal) : null;
  const [lines, image] = await Promise.all([
    manifestOf(snapshot, place, signal),
    opening?.image ?? null,
    order.headStartUrl && takeHeadStart(place, order.headStartUrl, signal),
  ]);
  const known = openKnownFiles(place, lines, claim === null);
  await using tool = await openRestic(place, order.repository, lock);
  await using stack = new AsyncDisposableStack();
  const hashers = stack.adopt(openHashers(), (one) => one.close());
  const job = startJob({ order, snapshot: snapshot.id, place, lines, known, tool, image, hashers, say });
  checkSpace(job);
  writeClaim(place, { workspace, epoch, snapshot: snapshot.id, complete: false });
  makeRoots(place, lines);
  await bringParts(job, signal, (part) => {
    if (part !== 'critical') return;
    say({ event: 'usable', ...countOf(lines.filter(isCritical)) });
    inheritUsed(place, lines);
  });
  if (image) say({ event: 'image_read', ...image.brought() });
  removeStaging(job);
  settleRoots(job);
  const contentHash = await restoredContent(job, signal);
  known.save();
  writeClaim(place, { workspace, epoch, snapshot: snapshot.id, complete: true });
  say({ event: 'complete', ...countOf(lines), contentHash });
  return lines;
}

/** Threads wait in it from its beginning on: it is closed whatever else does not begin. */
function imageSoon({ repository }: RestoreOrder, signal: AbortSignal): AsyncDisposable & { image: Promise<WakeImage> } {
  const stop = new AbortController();
  const image = openWakeImage(repository, AbortSignal.any([signal, stop.signal]));
  image.catch(() => undefined); // whoever waits for it hears it
  return {
    image,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await (await image.catch(() => null))?.[Symbol.asyncDispose]();
    },
  };
}

/** Each part is fetched as soon as the one before it is in its place, while that is remembered. */
async function bringParts(job: Job, signal: AbortSignal, onPlaced: (part: Part) => void): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let coming = fetchPart(job, PARTS[0], either);
  try {
    for (const [index, part] of PARTS.entries()) {
      const fetched = await coming;
      if (fetched) placePart(job, fetched);
      onPlaced(part);
      const next = PARTS[index + 1];
      coming = next ? fetchPart(job, next, either) : Promise.resolve(null);
      await breathe(); // so that it asks for its first bytes before this thread is busy
      if (fetched) rememberPart(job, fetched);
    }
  } catch (cause) {
    stop.abort(cause);
    await Promise.allSettled([coming]);
    throw cause;
  }
}

/** From storage once, then from the machine: the next backup compares with it too. */
async function manifestOf(
  snapshot: NonNullable<RestoreOrder['snapshot']>,
  place: Place,
  signal: AbortSignal,
): Promise<readonly ManifestLine[]> {
  const file = manifestFileOf(place, snapshot.id);
  const kept = bytesOf(file);
  if (kept) return checked(await unpackManifest(kept, null, snapshot.contentHash));
  const { lines, whole } = await fetchManifest(snapshot, signal);
  writeDurably(file, whole ?? (await packManifest(lines)).bytes);
  return lines;
}

export async function fetchManifest(
  { manifestUrl, baseUrl, contentHash }: NonNullable<RestoreOrder['snapshot']>,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly ManifestLine[]; readonly whole: Uint8Array | null }> {
  const [own, base] = await Promise.all([
    fetchObject(manifestUrl, 'the manifest', signal),
    baseUrl === null ? null : fetchObject(baseUrl, 'the manifest', signal),
  ]);
  return { lines: checked(await unpackManifest(own, base, contentHash)), whole: base ? null : own };
}

function checked(lines: readonly ManifestLine[]): readonly ManifestLine[] {
  for (const line of lines) checkedPath(line.path);
  return lines;
}

function bytesOf(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

function removeStaging(job: Job): void {
  for (const { root } of job.roots) rmSync(job.place.at(`${root}/${STAGING}`), { recursive: true, force: true });
}

function countOf(lines: readonly ManifestLine[]): { files: number; bytes: number } {
  const files = lines.filter((line) => line.type === 'file');
  return { files: files.length, bytes: files.reduce((total, line) => total + line.sizeBytes, 0) };
}
