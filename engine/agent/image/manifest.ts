import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';
import { SHA256, Sha256 } from '../../domain/agent-shapes.ts';
import { type ImageHead, MAGIC, otherVersion, readHead } from '../../domain/image-head.ts';
import { checkedPath } from '../place.ts';
import type { ImageKeys } from './keys.ts';
import { damaged, seal, unseal } from './seal.ts';

const INTEGER = /^-?\d+$/;
const Bytes = z.number().int().nonnegative();
const common = {
  path: z.string(),
  mode: z.number().int().min(0).max(0o7777),
  uid: Bytes,
  gid: Bytes,
  /** Nanoseconds since 1970, as text, since they are more than a number holds. */
  mtimeNs: z.string().regex(INTEGER),
  /** When anything of it last changed, on the machine that it is of. */
  ctimeMs: z.number().int().optional(),
  /** Names and values, both in base64. */
  xattrs: z.array(z.tuple([z.string(), z.string()])).optional(),
};

/** Index of the segment, where in it, how long, and where in the file. What no extent covers is a hole. */
const Extent = z.tuple([Bytes, Bytes, Bytes, Bytes]);

const Entry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('dir'), ...common }),
  z.strictObject({ type: z.literal('link'), ...common, target: z.string() }),
  z.strictObject({
    ...{ type: z.literal('file'), ...common, size: Bytes, sha256: Sha256, extents: z.array(Extent) },
    /** Of one that is in several segments, or has holes. */
    proof: Sha256.optional(),
  }),
  /** Another name of a file that stands before it. */
  z.strictObject({ type: z.literal('name'), path: z.string(), of: z.string() }),
]);
export type ImageExtent = z.infer<typeof Extent>;
export type ImageEntry = z.infer<typeof Entry>;
export type ImageFile = Extract<ImageEntry, { type: 'file' }>;

/** What is in an image, the most urgent first. */
export type ImageManifest = ImageHead & { readonly entries: readonly ImageEntry[] };

export function packImage({ entries, ...head }: ImageManifest, keys: ImageKeys): Buffer {
  const said = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(said.length);
  const lines = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const sealed = seal(keys, `manifest ${said}`, [zstdCompressSync(lines)]);
  return Buffer.concat([MAGIC, length, said, sealed]);
}

/** Nothing is used of one that was touched, or leads out of the machine's directories. */
export function unpackImage(bytes: Buffer, keys: ImageKeys): ImageManifest {
  const head = readHead(bytes);
  if (head === null) throw notOurs(bytes);
  const from = MAGIC.length + 4 + bytes.readUInt32LE(MAGIC.length);
  const said = bytes.subarray(MAGIC.length + 4, from);
  const lines = zstdDecompressSync(unseal(keys, `manifest ${said}`, bytes.subarray(from)), {
    maxOutputLength: LINES_MAX,
    chunkSize: CHUNK_BYTES,
  });
  const entries = lines
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => entryFrom(JSON.parse(line)));
  checkEntries(entries, head.segments);
  return { ...head, entries };
}

/** For the tens of thousands of lines that are as most are zod takes longer than all else before the first byte is asked for. */
function entryFrom(said: object): ImageEntry {
  const entry = isUsual(said) ? said : Entry.safeParse(said).data;
  if (!entry) throw damaged('its list has a line that this Dumont does not know');
  return entry;
}

/** Obviously a directory or a file, with nothing special about it. */
function isUsual(said: object): said is ImageEntry {
  const { type, path, mode, uid, gid, mtimeNs, ctimeMs, size, sha256, extents } = said as Readonly<
    Record<string, unknown>
  >;
  const isThing =
    typeof path === 'string' &&
    isCount(mode) &&
    mode <= 0o7777 &&
    isCount(uid) &&
    isCount(gid) &&
    Number.isSafeInteger(ctimeMs) &&
    typeof mtimeNs === 'string' &&
    INTEGER.test(mtimeNs);
  if (!isThing || type !== 'file') return isThing && type === 'dir' && hasFields(said, 7);
  return (
    hasFields(said, 10) &&
    isCount(size) &&
    typeof sha256 === 'string' &&
    SHA256.test(sha256) &&
    Array.isArray(extents) &&
    extents.every((extent) => Array.isArray(extent) && extent.length === 4 && extent.every(isCount))
  );
}

const isCount = (said: unknown): said is number => Number.isSafeInteger(said) && (said as number) >= 0;
const hasFields = (said: object, count: number): boolean => Object.keys(said).length === count;

function notOurs(bytes: Buffer): Error {
  const version = otherVersion(bytes);
  if (version === null) return damaged('its manifest');
  return new Error(`the wake image is of version ${version}, which this Dumont does not read`);
}

function checkEntries(entries: readonly ImageEntry[], segments: ImageManifest['segments']): void {
  const kinds = new Map<string, ImageEntry['type']>();
  for (const entry of entries) {
    const path = checkedPath(entry.path);
    if (kinds.has(path)) throw damaged(`${entry.path} is there twice`);
    kinds.set(path, entry.type);
    if (entry.type === 'name' && kinds.get(checkedPath(entry.of)) !== 'file')
      throw damaged(`${entry.path} is another name of nothing`);
    if (entry.type !== 'file') continue;
    for (const [segment, at, bytes, to] of entry.extents)
      if (at + bytes > (segments[segment]?.[1] ?? -1) || to + bytes > entry.size)
        throw damaged(`${entry.path} lies outside of its segment`);
  }
  // Nothing may be written through a link.
  const seen = new Set<string>();
  for (const path of kinds.keys())
    for (let slash = path.lastIndexOf('/'); slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (seen.has(folder)) break; // and so was all above it
      seen.add(folder);
      const above = kinds.get(folder);
      if (above !== undefined && above !== 'dir') throw damaged(`${path} lies below what is no directory`);
    }
}

const LINES_MAX = 1024 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
