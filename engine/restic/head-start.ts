import { createHash } from 'node:crypto';
import * as z from 'zod';

/**
 * What restic keeps in its cache of a repository: which pack holds what, and the folders of its snapshots. On a computer that
 * never saw the repository it asks storage for each of these objects, most of them one after the other, before the first byte
 * of a file flows; laid into its cache beforehand, it asks for none. Each is encrypted as it is in storage, and named after
 * its SHA-256.
 *
 * A line of JSON that names them, then their bytes in that order.
 */
const KINDS = ['index', 'snapshots', 'data'] as const;
export type Kind = (typeof KINDS)[number];

export interface HeadStartFile {
  readonly kind: Kind;
  readonly id: string;
  readonly bytes: Uint8Array;
}

const Id = z.string().regex(/^[0-9a-f]{64}$/);
const Head = z.object({
  repository: Id,
  files: z.array(z.tuple([z.enum(KINDS), Id, z.number().int().nonnegative()])),
});

/** Where restic looks for it, below the cache. */
export const cachedAt = (repository: string, kind: Kind, id: string): string =>
  `${repository}/${kind}/${id.slice(0, 2)}/${id}`;

export function packHeadStart(repository: string, files: readonly HeadStartFile[]): Buffer {
  const head: z.infer<typeof Head> = {
    repository,
    files: files.map(({ kind, id, bytes }) => [kind, id, bytes.length]),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...files.map(({ bytes }) => bytes)]);
}

/** What is not what its name says is left out: restic fetches that from storage. */
export function unpackHeadStart(packed: Buffer): {
  readonly repository: string;
  readonly files: readonly HeadStartFile[];
} {
  const end = packed.indexOf('\n');
  const { repository, files } = Head.parse(JSON.parse(packed.toString('utf8', 0, end)));
  let at = end + 1;
  const read = files.map(([kind, id, size]) => {
    const bytes = packed.subarray(at, at + size);
    at += size;
    return { kind, id, bytes };
  });
  return {
    repository,
    files: read.filter(({ id, bytes }) => createHash('sha256').update(bytes).digest('hex') === id),
  };
}
