import { execFileSync } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageKeys } from '../../../engine/agent/image/keys.ts';
import { type ImageManifest, unpackImage } from '../../../engine/agent/image/manifest.ts';
import { indexed } from '../../../engine/agent/image/matching.ts';
import { type ImageAt, MANIFEST } from '../../../engine/agent/image/objects.ts';
import { type Brought, readImage } from '../../../engine/agent/image/read-image.ts';
import { openReaders } from '../../../engine/agent/image/wake-image.ts';
import { type Backup, writeImage } from '../../../engine/agent/image/write-image.ts';
import { manifestLine } from '../../../engine/agent/manifest.ts';
import { type Place, placeAt } from '../../../engine/agent/place.ts';
import { entryOf } from '../../../engine/agent/walk.ts';
import type { ManifestLine } from '../../../engine/domain/agent-protocol.ts';
import { contentHash } from '../../../engine/policy/content-hash.ts';

/** A machine that is a folder, with work in `root`, storage that is another, and room to bring it back to. */
export interface ImageWorld extends Disposable {
  readonly place: Place;
  readonly work: string;
  readonly storage: string;
  readonly setup: ImageAt;
  lines(): ManifestLine[];
  /** `lines`: of a snapshot that was taken before. */
  write(before?: ImageManifest | null, timeIsUp?: AbortSignal, lines?: readonly ManifestLine[]): Promise<ImageManifest>;
  /** Into an empty directory; its path, and what came. */
  read(lines: readonly ManifestLine[], image?: ImageManifest): Promise<{ to: string; brought: Brought }>;
  stored(): ImageManifest;
}

export const PASSWORD = 'p'.repeat(64);
export const SNAPSHOT = 'a'.repeat(64);
export const backupOf = (lines: readonly ManifestLine[], epoch = 1, sequence = 1): Backup => ({
  ...{ epoch, sequence, snapshot: SNAPSHOT },
  contentHash: contentHash(lines),
});

export function openImageWorld(): ImageWorld {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-image-'));
  const root = join(folder, 'machine');
  const work = join(root, 'root');
  const storage = join(folder, 'storage');
  mkdirSync(work, { recursive: true });
  const place = placeAt(root, join(root, 'opt/dumont'), 'restic', null);
  const setup = {
    password: PASSWORD,
    at: {
      url: storage,
      region: 'auto',
      credentials: { accessKeyId: '', secretAccessKey: '', sessionToken: '', expiresAt: 0 },
      connections: 4,
    },
  };
  const never = new AbortController().signal;
  const stored = (): ImageManifest => unpackImage(readFileSync(join(storage, 'image', MANIFEST)), imageKeys(PASSWORD));
  let reads = 0;
  return {
    place,
    work,
    storage,
    setup,
    lines: () => linesBelow(place, 'root'),
    async write(before = null, timeIsUp = never, lines = linesBelow(place, 'root')) {
      const there = await readFile(join(storage, 'image', MANIFEST)).catch(() => null);
      const tag = there && hash('sha256', there);
      const order = { ...setup, backup: backupOf(lines), lines, before, tag, threads: 1 };
      const written = await writeImage(order, place, timeIsUp, never);
      if (!written?.image) throw new Error('no image was written');
      return written.image;
    },
    stored,
    async read(lines, image = stored()) {
      const to = `back-${++reads}`;
      mkdirSync(join(root, to));
      const target = (raw: string): string => `${to}${raw.slice('root'.length)}`;
      await using stack = new AsyncDisposableStack();
      const readers = stack.adopt(openReaders(setup), (one) => one.close());
      const brought = await readImage(
        indexed(image, imageKeys(PASSWORD)),
        readers,
        lines,
        place,
        target,
        () => undefined,
        never,
      );
      return { to: join(root, to), brought };
    },
    [Symbol.dispose]() {
      execFileSync('chmod', ['-R', 'u+rwx', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a snapshot of it would have, in the order of a walk. */
function linesBelow(place: Place, path: string): ManifestLine[] {
  const at = place.at(path);
  const entry = entryOf(place, path, lstatSync(at))!;
  const sha256 = entry.type === 'file' ? createHash('sha256').update(readFileSync(at)).digest('hex') : undefined;
  const line = manifestLine(entry, sha256);
  if (entry.type !== 'dir') return [line];
  const names = readdirSync(at, 'latin1').sort();
  return [line, ...names.flatMap((name) => linesBelow(place, `${path}/${name}`))];
}

/** Everything that must come back, of everything below a folder, as text that a failed test can show. */
export function treeAt(folder: string): string[] {
  const inodes = new Map<bigint, number>();
  const list = (path: Buffer, name: string): string[] => {
    const stat = lstatSync(path, { bigint: true });
    const mode = (stat.mode & 0o7777n).toString(8);
    const about = `${JSON.stringify(name)} ${mode} ${stat.uid}:${stat.gid} ${stat.mtimeNs}`;
    if (stat.isSymbolicLink()) return [`link ${about} -> ${JSON.stringify(readlinkSync(path, 'latin1'))}`];
    if (stat.isFile()) {
      if (!inodes.has(stat.ino)) inodes.set(stat.ino, inodes.size);
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
      return [`file ${about} ${stat.size} ${sha256} #${inodes.get(stat.ino)} of ${stat.nlink}`];
    }
    const names = readdirSync(path, 'latin1').sort();
    const below = names.flatMap((child) =>
      list(Buffer.concat([path, Buffer.from(`/${child}`, 'latin1')]), `${name}/${child}`),
    );
    return [`dir ${about}`, ...below];
  };
  return list(Buffer.from(folder), '').slice(1);
}
