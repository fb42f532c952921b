import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Bytes, bytesOf, textOf } from './bytes.ts';
import { CHECKSUMS, type ChecksumName } from './checksums.ts';
import { makeFolder, settle, syncFolder } from './durable.ts';
import { inTurn } from './in-turn.ts';
import { readTail, tailOf } from './object-file.ts';
import { S3Error } from './s3-error.ts';

const names = Object.keys(CHECKSUMS) as [ChecksumName];

const Begun = z.object({
  key: z.string(),
  startedAt: z.number(),
  contentType: z.string(),
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
  checksum: z.object({ name: z.enum(names), type: z.enum(['COMPOSITE', 'FULL_OBJECT']) }).nullable(),
});
type Begun = z.infer<typeof Begun>;

const PartFacts = z.object({
  number: z.number(),
  sizeBytes: z.number(),
  etag: z.string(),
  createdAt: z.number(),
  checksum: z.object({ name: z.enum(names), value: z.string() }).nullable(),
});
export type PartFacts = z.infer<typeof PartFacts>;

export interface Part extends PartFacts {
  readonly file: string;
}

export interface Upload extends Omit<Begun, 'key'> {
  readonly id: string;
  readonly key: Bytes;
  readonly parts: ReadonlyMap<number, Part>;
}

/** Objects on their way in parts. They outlive a restart, as they do on R2, and are given up after a week. */
export interface Uploads {
  begin(key: Bytes, begun: Omit<Begun, 'key'>): Promise<Upload>;
  /** Rejects with NoSuchUpload when the id is not of this key. */
  find(id: string, key: Bytes): Upload;
  all(): readonly Upload[];
  /** Puts a written and synced draft in as a part; a later one of the same number replaces it. */
  addPart(upload: Upload, draft: string, facts: PartFacts): Promise<Part>;
  /** Runs alone among everything that ends this upload, and ends it when `work` has succeeded. */
  finish<T>(upload: Upload, work: () => Promise<T>): Promise<T>;
}

const ABANDONED_MS = 7 * 24 * 3600 * 1000;

type Mutable = Upload & { readonly parts: Map<number, Part> };

export function openUploads(bucketFolder: string, now: () => number): Uploads {
  const folder = join(bucketFolder, 'uploads');
  makeFolder(folder);
  const uploads = loadUploads(folder, now());
  const perUpload = inTurn();
  let sequence = now(); // so that a part written after a restart still counts as the later one

  function current(id: string): Mutable {
    const upload = uploads.get(id);
    if (!upload) throw new S3Error('NoSuchUpload');
    return upload;
  }

  function finish<T>({ id }: Upload, work: () => Promise<T>): Promise<T> {
    return perUpload(id, async () => {
      current(id);
      const result = await work();
      uploads.delete(id);
      await rm(join(folder, id), { recursive: true, force: true });
      await syncFolder(folder);
      return result;
    });
  }

  return {
    async begin(key, begun) {
      for (const old of uploads.values()) {
        if (now() - old.startedAt > ABANDONED_MS) await finish(old, async () => {});
      }
      const id = randomBytes(24).toString('base64url');
      await mkdir(join(folder, id), { mode: 0o700 });
      await syncFolder(folder);
      await writeBegun(join(folder, id), { ...begun, key: textOf(key) });
      const upload: Mutable = { ...begun, id, key, parts: new Map() };
      uploads.set(id, upload);
      return upload;
    },

    find(id, key) {
      const upload = current(id);
      if (upload.key !== key) throw new S3Error('NoSuchUpload');
      return upload;
    },

    all: () => [...uploads.values()],

    addPart: ({ id }, draft, facts) =>
      perUpload(id, async () => {
        const upload = current(id);
        const before = upload.parts.get(facts.number);
        sequence += 1;
        const part = { ...facts, file: join(folder, id, `part-${sequence}`) };
        await settle(draft, part.file);
        upload.parts.set(facts.number, part);
        if (before) await rm(before.file);
        return part;
      }),

    finish,
  };
}

async function writeBegun(folder: string, begun: Begun): Promise<void> {
  const draft = join(folder, 'draft');
  const file = await open(draft, 'w');
  try {
    await file.writeFile(tailOf(begun));
    await file.datasync();
  } finally {
    await file.close();
  }
  await settle(draft, join(folder, 'begun'));
}

function loadUploads(folder: string, now: number): Map<string, Mutable> {
  const uploads = new Map<string, Mutable>();
  for (const id of readdirSync(folder)) {
    const files = readdirSync(join(folder, id));
    const begun = files.includes('begun') ? readTail(join(folder, id, 'begun'), Begun)?.facts : undefined;
    if (!begun || now - begun.startedAt > ABANDONED_MS) {
      rmSync(join(folder, id), { recursive: true });
      continue;
    }
    uploads.set(id, { ...begun, id, key: bytesOf(begun.key), parts: loadParts(join(folder, id), files) });
  }
  return uploads;
}

function loadParts(folder: string, files: readonly string[]): Map<number, Part> {
  const parts = new Map<number, Part>();
  const sequences = files.flatMap((name) => (name.startsWith('part-') ? [Number(name.slice('part-'.length))] : []));
  for (const sequence of sequences.sort((a, b) => a - b)) {
    const file = join(folder, `part-${sequence}`);
    const tail = readTail(file, PartFacts);
    if (tail?.dataBytes === tail?.facts.sizeBytes && tail) parts.set(tail.facts.number, { ...tail.facts, file });
  }
  return parts;
}
