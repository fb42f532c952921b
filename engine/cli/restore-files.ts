import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { EntriesJson } from '../http/json/files.ts';
import { allPages } from './all-pages.ts';
import { type Compared, compareFolder, piecesOf } from './compare-folder.ts';
import type { EngineClient } from './engine-client.ts';
import { placeFiles } from './place-files.ts';

interface Wanted {
  readonly snapshot: string;
  readonly workspace: string;
  /** '' is all of it. */
  readonly path: string;
  /** A folder of this computer. */
  readonly to: string;
}

/** Where what is wanted would lie, and what is there already. */
export interface Look extends Omit<Compared, 'wanted' | 'inTheWay'> {
  readonly target: string;
  readonly files: number;
  readonly bytes: number;
  /** What is to be asked for, by its path below what is wanted. */
  readonly pieces: readonly string[];
  /** The rights of each file that may come alone. */
  readonly modes: ReadonlyMap<string, number | null>;
}

/** Brings files of a snapshot onto this computer; no machine is needed. What is there as it was saved is not fetched. */
export async function downloadTo(
  { overwrite, ...wanted }: Wanted & { readonly overwrite: boolean },
  engine: EngineClient,
  signal: AbortSignal,
): Promise<Look> {
  const { snapshot, workspace, path, to } = wanted;
  const look = await lookAt(wanted, engine, signal);
  if (!overwrite && look.otherwise.length > 0)
    throw new Failure('confirmation_needed', {
      why: `${otherwiseWords(look)} Name another folder, or say it again with --yes if you are sure.`,
    });
  for (const piece of look.pieces) {
    const parts = partsOf(`${path}/${piece}`);
    const whole = parts.join('/');
    const query = { instance_id: workspace, ...(whole !== '' && { path: whole }) };
    const response = await engine.open(`/api/v1/snapshots/${snapshot}/download`, query, signal);
    await mkdir(to, { recursive: true });
    const base = await realpath(to);
    // The directories above the one that was asked for stay behind.
    const below = parts.slice(Math.max(0, partsOf(path).length - 1));
    if (response.headers.get('content-type') === 'application/x-tar')
      await placeFiles(base, below, overwrite, (fresh) => unpack(response, fresh, parts.length, signal));
    else {
      const name = below.pop() ?? '';
      const mode = (look.modes.get(piece) ?? 0o666) & 0o777;
      await placeFiles(base, below, overwrite, (fresh) => write(response, join(fresh, name), mode, signal));
    }
  }
  return look;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

/** Refused where there can be no folder, or where one stands in the way. */
export async function lookAt(
  { snapshot, workspace, path, to }: Wanted,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<Look> {
  const why = await whyNoFolder(to);
  if (why) throw new Failure('bad_request', { why });
  const target = path === '' ? to : join(to, path.split('/').at(-1) ?? '');
  const deep = !(await isFree(target, path === '')); // of what is not there, nothing needs to be compared
  const query = { instance_id: workspace, ...(path !== '' && { path }), ...(deep && { deep: 'true' }) };
  const url = `/api/v1/snapshots/${snapshot}/files`;
  const { entries } = await allPages<EntriesJson>(engine, url, query, 'entries', signal);
  const things = deep ? entries.filter(({ type }) => type !== 'dir') : entries;
  const sums = {
    files: things.reduce((sum, { files }) => sum + files, 0),
    bytes: things.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
  };
  const modes = new Map(things.map(({ name, mode }) => [deep ? name : '', mode]));
  if (!deep) return { target, ...sums, modes, same: 0, others: 0, otherwise: [], pieces: [''] };
  const there = path === '' ? await realpath(to) : target;
  const { wanted, inTheWay, ...compared } = await compareFolder(there, entries, signal);
  if (inTheWay[0]) throw new Failure('bad_request', { why: inTheWayWords(target, inTheWay[0]) });
  return { target, ...sums, modes, ...compared, pieces: wanted.length === 0 ? [] : piecesOf(entries, wanted) };
}

/** What would be lost, by name. */
export function otherwiseWords({ target, otherwise }: Look): string {
  const names = otherwise.slice(0, NAMED_MAX).map((name) => join(target, name));
  const more = otherwise.length > names.length ? `, and ${otherwise.length - names.length} more` : '';
  const are = otherwise.length === 1 ? 'is there otherwise than it was' : 'are there otherwise than they were';
  return `${names.join(', ')}${more} ${are} saved.`;
}

const NAMED_MAX = 3;

const inTheWayWords = (target: string, { name, type }: Compared['inTheWay'][number]): string =>
  `${join(target, name)} is a directory here, and ${SORTS[type]} in the snapshot. Move it away, or name another folder.`;

const SORTS = { file: 'a file', link: 'a link', dir: 'a directory', other: 'no directory' } as const;

async function whyNoFolder(to: string): Promise<string | null> {
  try {
    return (await stat(to)).isDirectory() ? null : `${to} is a file. Name a folder.`;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOTDIR' ? `${to} lies below a file. Name a folder.` : null;
  }
}

/** An empty folder is free for all of a snapshot; any other may be in the way of a file. */
async function isFree(target: string, all: boolean): Promise<boolean> {
  const there = await lstat(target).catch(() => null);
  return there === null || (all && there.isDirectory() && (await readdir(target)).length === 0);
}

/** Owners and special rights are those of a machine that is not ours. */
async function unpack(response: Response, to: string, above: number, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-x', '-f', '-', '-C', to, ...UNPACK, `--strip-components=${above}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let words = '';
  tar.stderr.on('data', (text) => {
    words = `${words}${text}`.slice(-2_000);
  });
  const ended = once(tar, 'close').catch((cause: unknown) => {
    throw new Failure('bad_request', { why: `"tar" could not be started here: ${reasonOf(cause)}` }, { cause });
  });
  const sent = pipeline(bodyOf(response), tar.stdin, { signal });
  const [[code], came] = await Promise.all([ended, sent.catch((cause: unknown) => cause)]);
  if (code !== 0) throw new Failure('restore_failed', { why: words.trim() || `tar ended with ${code}` });
  if (came instanceof Error) throw new Failure('restore_failed', { why: came.message }, { cause: came });
}

const UNPACK = ['--no-same-owner', '--no-same-permissions'];

/** Refused unless it is what was saved. */
async function write(response: Response, at: string, mode: number, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(bodyOf(response), hashing, createWriteStream(at, { flags: 'wx', mode }), { signal });
    const expected = /^sha-256=:(.*):$/.exec(response.headers.get('repr-digest') ?? '')?.[1];
    if (expected !== undefined && hash.digest('base64') !== expected)
      throw new Failure('restore_differs', { why: 'what came is not what was saved; try again' });
  } catch (cause) {
    await rm(at, { force: true });
    throw cause;
  }
}

const bodyOf = (response: Response): Readable =>
  Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
