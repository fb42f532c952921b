import { createHash } from 'node:crypto';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import { Failure } from '../../domain/failures.ts';
import { DEFAULTS } from '../../domain/settings.ts';
import type { WatchdogProof } from '../../domain/watchdog-proof.ts';
import { challengeOf } from '../../policy/proof.ts';
import { dump, ls, snapshots } from '../../restic/commands.ts';
import { type ListedNode, readNode, readSnapshots } from '../../restic/readings.ts';
import type { Place } from '../place.ts';
import { digestsOf } from '../proof.ts';
import type { Restic } from '../restic-here.ts';
import type { Content } from './content-here.ts';

export interface Backup {
  readonly snapshot: string;
  readonly host: string;
  readonly tags: readonly string[];
}

/**
 * With nobody else there to look, the machine reads its own backup back from storage: that it is there, every name and size
 * in it, and the bytes of the newest files and of some random ones, against what lies on the disk now.
 */
export async function proveHere(
  place: Place,
  repository: RepositoryAccess,
  backup: Backup,
  content: Content,
  tool: Restic,
  signal: AbortSignal,
): Promise<WatchdogProof['compared']> {
  await findSnapshot(repository, backup, tool, signal);
  const nodes: ListedNode[] = [];
  const list = (line: string): void => {
    const node = readNode(line);
    if (node?.type === 'file') nodes.push(node);
  };
  await tool.run(ls(repository, backup.snapshot), 'backup_failed', list, signal);
  compareLists(content.lines, nodes);

  const paths = challengeOf(lastChangedFirst(content, nodes), DEFAULTS.save, Math.random, { last: true });
  const here = await digestsOf(place, paths, signal);
  const compared: { path: string; sha256: string }[] = [];
  for (const path of paths) {
    const hash = createHash('sha256');
    await tool.read(dump(repository, backup.snapshot, path), (bytes) => hash.update(bytes), signal);
    const sha256 = hash.digest('hex');
    if (here[path] !== sha256) throw unproved(`${path} in storage is not ${path} on the disk`);
    compared.push({ path, sha256 });
  }
  return compared;
}

async function findSnapshot(
  repository: RepositoryAccess,
  backup: Backup,
  tool: Restic,
  signal: AbortSignal,
): Promise<void> {
  let text = '';
  const onBytes = (bytes: Buffer): void => {
    text += bytes.toString('utf8');
  };
  await tool.read(snapshots(repository, [backup.snapshot]), onBytes, signal);
  const stored = readSnapshots(text).find(({ id }) => id === backup.snapshot);
  if (!stored) throw unproved('its snapshot is not in storage');
  const missing = backup.tags.find((tag) => !stored.tags?.includes(tag));
  if (missing !== undefined || stored.hostname !== backup.host) throw unproved('its snapshot is not of this machine');
}

function compareLists(lines: readonly ManifestLine[], nodes: readonly ListedNode[]): void {
  const files = lines.filter((line) => line.type === 'file');
  if (files.length !== nodes.length)
    throw unproved(`storage has ${nodes.length} files, ${files.length} are on the disk`);
  const sizes = new Map(files.map((line) => [line.path, line.sizeBytes]));
  // Names that are not UTF-8 are altered in restic's list; they are only counted.
  const other = nodes.find(({ path, sizeBytes }) => !path.includes('\uFFFD') && sizes.get(path) !== sizeBytes);
  if (other) throw unproved(`storage has another ${other.path} than the disk`);
}

/** The disk knows more of that than storage: what was copied here a moment ago may carry an old time. */
function lastChangedFirst({ newest }: Content, nodes: readonly ListedNode[]): readonly ListedNode[] {
  const rank = new Map(newest.map((path, i) => [path, i]));
  const rankOf = ({ path }: ListedNode): number => rank.get(path) ?? newest.length;
  return nodes.toSorted((a, b) => rankOf(a) - rankOf(b));
}

const unproved = (why: string): Failure => new Failure('backup_failed', { why: `not proved: ${why}` });
