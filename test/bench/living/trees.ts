import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';

export interface Tree {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
}

/** Many files of a kilobyte: what an agent has to watch without cost. */
export async function plainTree(root: string, files: number, folders: number): Promise<Tree> {
  return await grow(root, [{ name: 'tree', files, folders, sizeBytes: 1_000 }]);
}

/**
 * The shape of a workspace with a model in it: weights, a large Python environment, and sources. As many files as the
 * dataset W of the notes on restic has (75,000 in 9,400 directories), but 1 GB of them instead of 8.
 */
export async function workTree(root: string): Promise<Tree> {
  return await grow(root, [
    { name: 'weights', files: 40, folders: 4, sizeBytes: 16_000_000 },
    { name: 'site', files: 54_800, folders: 8_000, sizeBytes: 5_000 },
    { name: 'sources', files: 20_000, folders: 1_400, sizeBytes: 4_000 },
  ]);
}

export async function smallTree(root: string): Promise<Tree> {
  return await grow(root, [{ name: 'sources', files: 200, folders: 20, sizeBytes: 4_000 }]);
}

interface Part {
  readonly name: string;
  readonly files: number;
  readonly folders: number;
  readonly sizeBytes: number;
}

async function grow(root: string, parts: readonly Part[]): Promise<Tree> {
  const pool = randomBytes(32_000_000);
  for (const { name, files, folders, sizeBytes } of parts) {
    for (let folder = 0; folder < folders; folder++) {
      const path = join(root, 'workspace', name, `part-${folder % 90}`, `folder-${folder}`);
      mkdirSync(path, { recursive: true });
      for (let file = folder; file < files; file += folders) {
        const at = Math.floor(Math.random() * (pool.length - sizeBytes));
        writeFileSync(join(path, `file-${file}.dat`), pool.subarray(at, at + sizeBytes));
      }
      if (folder % 50 === 0) await breathe();
    }
  }
  const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return { files: sum((p) => p.files), folders: sum((p) => p.folders), bytes: sum((p) => p.files * p.sizeBytes) };
}
