import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import { draftManifestKey, manifestKey } from '../domain/layout.ts';
import type { Ports, StoredFile } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { headOf, readManifest } from '../policy/manifest-change.ts';

/** A backup as a machine names it. */
interface Named {
  readonly snapshot: string;
  readonly machine: string;
  readonly tags: readonly string[];
  readonly draft: string;
  readonly manifestSha256: string;
}

/** Its manifest, when storage holds that snapshot, of this workspace and under those tags, and that very manifest. */
export async function storedManifest(
  { snapshot, machine, tags, draft, manifestSha256 }: Named,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const id = snapshot.slice(0, 8);
  const stored = await ports.repositories.snapshot(workspace, snapshot, signal);
  if (!stored) throw refusal(`snapshot ${id} is not in storage`);
  if (stored.host !== workspace.id) throw refusal(`snapshot ${id} belongs to ${stored.host}`);
  for (const tag of tags) if (!stored.tags.includes(tag)) throw refusal(`snapshot ${id} does not carry ${tag}`);
  const bytes = await ports.storage.get(draftManifestKey(workspace.id, machine, draft), signal);
  if (!bytes) throw refusal('its manifest is not in storage');
  if (createHash('sha256').update(bytes).digest('hex') !== manifestSha256)
    throw refusal('its manifest is not the one the machine wrote');
  return bytes;
}

/** Of a manifest that is only a change, with the whole one that was named with it, from storage. */
export async function linesIn(
  manifest: Uint8Array,
  claimed: { readonly contentHash: string; readonly manifestBase: string | null },
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<readonly ManifestLine[]> {
  const text = gunzipSync(manifest);
  const base = claimed.manifestBase;
  if (base !== (headOf(text)?.base ?? null))
    throw new Failure('proof_failed', { why: 'its manifest is a change of another one than was named' });
  const whole = base === null ? null : await ports.storage.get(manifestKey(workspace.id, base), signal);
  try {
    return readManifest(text, whole && gunzipSync(whole), claimed.contentHash);
  } catch (cause) {
    if (!isFailure(cause, 'restore_differs')) throw cause;
    throw new Failure(
      'proof_failed',
      { why: 'its manifest does not have the content hash that was claimed' },
      { cause },
    );
  }
}

/** Of a snapshot that is in the catalogue. */
export async function storedLines(
  snapshot: Snapshot,
  { storage }: Pick<Ports, 'storage'>,
  signal: AbortSignal,
): Promise<readonly ManifestLine[]> {
  const { id, workspace, manifestBase, contentHash } = snapshot;
  const [own, base] = await Promise.all(
    [id, manifestBase].map(async (one) => one && (await storage.get(manifestKey(workspace, one), signal))),
  );
  if (!own) throw new Failure('no_file_list', { snapshot: id.slice(0, 8), workspace });
  return readManifest(gunzipSync(own), base ? gunzipSync(base) : null, contentHash);
}

export function compareLists(lines: readonly ManifestLine[], files: readonly StoredFile[]): void {
  const claimed = lines.filter((line) => line.type === 'file');
  if (claimed.length !== files.length) {
    throw new Failure('proof_failed', {
      why: `storage has ${files.length} files, the machine counted ${claimed.length}`,
    });
  }
  const sizes = new Map(claimed.map((line) => [line.path, line.sizeBytes]));
  // Names that are not UTF-8 are altered in restic's list; they are only counted.
  const differing = files.filter(({ path, sizeBytes }) => !path.includes('\uFFFD') && sizes.get(path) !== sizeBytes);
  if (differing[0]) {
    throw new Failure('proof_failed', { why: `storage has another ${differing[0].path} than the machine counted` });
  }
}

const refusal = (why: string): Failure => new Failure('proof_failed', { why });
