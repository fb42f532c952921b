import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { sourceFile } from './code.ts';
import { copyEnvironment, pythonEnvironment } from './python-env.ts';
import { seeded } from './seeded.ts';
import { weights } from './weights.ts';

export interface WorkspaceTree {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly parts: readonly { readonly what: string; readonly files: number; readonly bytes: number }[];
  /** Measured, of the weights as they were written. */
  readonly exponentBits: number;
}

/**
 * What people who train models have on a machine, below a machine's root: weights, media, a Python environment that was
 * really installed, and sources. The same seed makes the same bytes. Of the environment and the sources a smaller tree has
 * as much less as it is smaller.
 */
export async function workspaceTree(
  root: string,
  { sizeBytes, seed }: { readonly sizeBytes: number; readonly seed: string },
  say: (line: string) => void,
): Promise<WorkspaceTree> {
  const at = (path: string): string => join(root, path);
  for (const folder of ['root', 'workspace/models', 'workspace/project', 'data/media'])
    mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('root/.bashrc'), 'alias ll="ls -l"\nsource /workspace/venv/bin/activate\n');

  say('sources');
  const count = Math.max(Math.round((sizeBytes / FULL_BYTES) * SOURCES), 200);
  await sources(at('workspace/project'), count, seed);

  const environment = await pythonEnvironment(say);
  say('a Python environment');
  const whole = await copyEnvironment(environment.folder, at('workspace/venv'), sizeBytes * ENVIRONMENT_SHARE);

  say('media');
  await media(at('data/media'), sizeBytes * MEDIA_SHARE, seed);

  say('weights');
  const left = sizeBytes - measure(root).bytes;
  const exponentBits = await models(at('workspace/models'), left, seed);

  const part = (what: string, path: string) => ({ what, ...pick(measure(at(path))) });
  const { files, folders, bytes } = measure(root);
  return {
    files,
    folders,
    bytes,
    exponentBits,
    parts: [
      part('weights in bf16', 'workspace/models'),
      part('media', 'data/media'),
      part(`${environment.what}${whole ? '' : ', as much as fits'}`, 'workspace/venv'),
      part('sources', 'workspace/project'),
    ],
  };
}

async function sources(folder: string, count: number, seed: string): Promise<void> {
  const source = seeded(`${seed} sources`);
  const folders = Math.max(Math.round(count / 14), 1);
  for (let at = 0; at < folders; at++) {
    const path = join(folder, `part_${at % 40}`, `module_${at}`);
    mkdirSync(path, { recursive: true });
    for (let file = at; file < count; file += folders) writeFileSync(join(path, `file_${file}.py`), sourceFile(source));
    if (at % 50 === 0) await breathe();
  }
}

/** Films and pictures are compressed already: to a backup they are chance. */
async function media(folder: string, bytes: number, seed: string): Promise<void> {
  const source = seeded(`${seed} media`);
  let left = Math.floor(bytes);
  for (let at = 0; left > 0; at++) {
    const picture = at % 4 !== 0;
    const size = Math.min(left, picture ? 100_000 + source.below(400_000) : FILM_BYTES / 2 + source.below(FILM_BYTES));
    await write(join(folder, picture ? `picture-${at}.jpg` : `film-${at}.mp4`), size, (some) => source.bytes(some));
    left -= size;
  }
}

/** As `safetensors` files: the length of a header, the header, the values. */
async function models(folder: string, bytes: number, seed: string): Promise<number> {
  const values = weights(seeded(`${seed} weights`));
  const files = Math.max(Math.ceil(bytes / MODEL_BYTES), 2);
  const each = Math.floor(bytes / files / 2) * 2;
  for (let at = 1; at <= files; at++) {
    const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt', part: `${at}` } }).padEnd(64));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const number = (of: number): string => String(of).padStart(5, '0');
    const first = Buffer.concat([length, header]);
    await write(join(folder, `model-${number(at)}-of-${number(files)}.safetensors`), each, values.next, first);
  }
  return values.exponentBits();
}

async function write(path: string, bytes: number, next: (bytes: number) => Buffer, first?: Buffer): Promise<void> {
  await using file = await open(path, 'wx');
  if (first) await file.write(first);
  for (let left = bytes - (first?.length ?? 0); left > 0; left -= PIECE_BYTES)
    await file.write(next(Math.min(left, PIECE_BYTES)));
}

function measure(folder: string): { files: number; folders: number; bytes: number } {
  const total = { files: 0, folders: 0, bytes: 0 };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) total.folders += 1;
    if (!entry.isFile()) continue;
    total.files += 1;
    total.bytes += lstatSync(join(entry.parentPath, entry.name)).size;
  }
  return total;
}

const pick = ({ files, bytes }: { files: number; bytes: number }) => ({ files, bytes });

/** What the whole of it is: the environment and the sources are as large as that. */
const FULL_BYTES = 7.5e9;
const SOURCES = 20_000;
const ENVIRONMENT_SHARE = 0.19;
const MEDIA_SHARE = 0.2;
const FILM_BYTES = 60e6;
const MODEL_BYTES = 1e9;
const PIECE_BYTES = 8 * 1024 * 1024;
