import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Intercept } from '../../engine/storage/local/answer.ts';
import type { StorageKey } from '../../engine/storage/local/identity.ts';
import { type LocalStorage, serveStorage } from '../../engine/storage/local/serve-storage.ts';
import type { S3Place } from '../contracts/storage-client.ts';

export const ROOT = { accessKeyId: 'AKROOT00000000000000', secretAccessKey: 'root-secret' } as const;

/** A local server of its own in a folder of its own, with a clock that can be moved. */
export interface StorageWorld extends AsyncDisposable {
  readonly folder: string;
  readonly storage: LocalStorage;
  readonly logged: { event: string; facts: Readonly<Record<string, unknown>> }[];
  readonly clock: { aheadMs: number };
  place(bucket?: string): S3Place;
}

export async function storageWorld(
  options: {
    keys?: readonly StorageKey[];
    buckets?: readonly string[];
    intercept?: Intercept;
    folder?: string;
    handOverMs?: number;
  } = {},
): Promise<StorageWorld> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'dumont-storage-')));
  const clock = { aheadMs: 0 };
  const logged: StorageWorld['logged'] = [];
  const storage = await serveStorage({
    folder,
    port: 0,
    keys: [{ ...ROOT, scope: 'object-read-write' }, ...(options.keys ?? [])],
    buckets: options.buckets ?? ['hot', 'vault'],
    log: (event, facts = {}) => logged.push({ event, facts }),
    now: () => Date.now() + clock.aheadMs,
    intercept: options.intercept,
    handOverMs: options.handOverMs ?? 0,
  });
  return {
    folder,
    storage,
    logged,
    clock,
    place: (bucket = 'hot') => ({ endpoint: storage.endpoint, region: 'auto', bucket, prefix: '', ...ROOT }),
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The files that hold the objects of the bucket `hot`. */
export async function objectFiles(world: StorageWorld): Promise<string[]> {
  const entries = await readdir(join(world.folder, 'hot', 'objects'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
