import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../domain/ports.ts';
import { type Bytes, bytesOf } from './bytes.ts';
import { makeFolder, removeFile, replaceFile, settle } from './durable.ts';
import { inTurn } from './in-turn.ts';
import { isLocked, type LockRule, LockRules } from './locks.ts';
import { Facts, readTail } from './object-file.ts';
import { S3Error } from './s3-error.ts';
import { insertKey, removeKey } from './sorted-keys.ts';

/** An object that is there, and the file that holds it. */
export interface Stored extends Omit<Facts, 'key'> {
  readonly key: Bytes;
  readonly file: string;
}

/** Looks at what is under the key right before it changes, and refuses by throwing. */
type Check = (current: Stored | undefined) => void;

/**
 * The objects of one bucket. Which there are is kept in memory (some hundred bytes each) and read from the files at start;
 * the bytes stay on disk. Every version has a file name of its own, so whoever reads one never sees another's bytes.
 */
export interface Bucket {
  readonly name: string;
  readonly folder: string;
  /** In byte order. */
  readonly keys: readonly Bytes[];
  find(key: Bytes): Stored | undefined;
  /** A path for something that is still being written. What is left there is removed at the next start. */
  draft(): string;
  /** Puts a written and synced draft under its key, for good. */
  commit(key: Bytes, draft: string, facts: Omit<Facts, 'key'>, check: Check): Promise<Stored>;
  /** The key is empty afterwards, for good; also when it was empty before. */
  remove(key: Bytes, check: Check): Promise<void>;
  readonly locks: readonly LockRule[];
  setLocks(rules: readonly LockRule[]): Promise<void>;
}

/** Few enough that syncs of folders are shared, enough that no folder grows huge. */
const SHARDS = '0123456789abcdef';

export function openBucket(folder: string, name: string, now: () => number, log: Log): Bucket {
  const drafts = join(folder, 'drafts');
  rmSync(drafts, { recursive: true, force: true });
  makeFolder(drafts);
  for (const shard of SHARDS) makeFolder(join(folder, 'objects', shard));

  const { objects, lastSequence } = loadObjects(folder, log);
  const keys = [...objects.keys()].sort(); // byte strings sort in byte order
  const perKey = inTurn();
  let sequence = lastSequence;
  let draftCount = 0;
  let locks = loadLocks(folder);

  /** Right before a change takes effect, so that a new rule holds for whatever is still under way. */
  function refuseIfLocked(current: Stored | undefined): void {
    if (current && isLocked(locks, current.key, current.createdAt, now())) {
      throw new S3Error('ObjectLockedByBucketPolicy');
    }
  }

  return {
    name,
    folder,
    keys,
    find: (key) => objects.get(key),
    draft: () => join(drafts, `${(draftCount++).toString(36)}`),

    commit: (key, draft, facts, check) =>
      perKey(key, async () => {
        const current = objects.get(key);
        check(current);
        refuseIfLocked(current);
        sequence += 1;
        const stored: Stored = { ...facts, key, file: fileOf(folder, key, sequence) };
        await settle(draft, stored.file);
        objects.set(key, stored);
        insertKey(keys, key);
        if (current) await rm(current.file); // were it to come back, its lower number gives it away
        return stored;
      }),

    remove: (key, check) =>
      perKey(key, async () => {
        const current = objects.get(key);
        check(current);
        refuseIfLocked(current);
        if (!current) return;
        objects.delete(key);
        removeKey(keys, key);
        try {
          await removeFile(current.file);
        } catch (thrown) {
          objects.set(key, current);
          insertKey(keys, key);
          throw thrown;
        }
      }),

    get locks() {
      return locks;
    },
    async setLocks(rules) {
      await replaceFile(locksFile(folder), JSON.stringify(rules, null, 2));
      locks = rules;
    },
  };
}

function fileOf(folder: string, key: Bytes, sequence: number): string {
  const hash = createHash('sha256').update(key, 'latin1').digest('hex').slice(0, 40);
  return join(folder, 'objects', hash.slice(0, 1), `${hash}-${sequence}`);
}

/** A crash may leave the old version of an object beside the new one: the later one counts. */
function loadObjects(folder: string, log: Log): { objects: Map<Bytes, Stored>; lastSequence: number } {
  const objects = new Map<Bytes, Stored & { sequence: number }>();
  let lastSequence = 0;
  for (const shard of SHARDS) {
    for (const name of readdirSync(join(folder, 'objects', shard))) {
      const file = join(folder, 'objects', shard, name);
      const sequence = Number(/^[0-9a-f]{40}-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isNaN(sequence)) lastSequence = Math.max(lastSequence, sequence);
      const tail = Number.isNaN(sequence) ? null : readTail(file, Facts);
      if (tail === null || tail.dataBytes !== tail.facts.sizeBytes) {
        log('storage.file_unreadable', { file }, 'WARNING'); // left where it is, for a person to look at
        continue;
      }
      const key = bytesOf(tail.facts.key);
      const other = objects.get(key);
      if (other) rmSync(other.sequence < sequence ? other.file : file);
      if (!other || other.sequence < sequence) objects.set(key, { ...tail.facts, key, file, sequence });
    }
  }
  return { objects, lastSequence };
}

function locksFile(folder: string): string {
  return join(folder, 'locks.json');
}

function loadLocks(folder: string): readonly LockRule[] {
  try {
    return LockRules.parse(JSON.parse(readFileSync(locksFile(folder), 'utf8')));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown; // rules that cannot be read must not become no rules
  }
}
