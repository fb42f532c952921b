import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure, reasonOf } from '../domain/failures.ts';

/** An engine elsewhere, and the word that opens it. */
export interface Profile {
  readonly url: string;
  readonly token: string;
  /** For people: whose it is. */
  readonly name: string;
}

const Shape = z.object({ url: z.string(), token: z.string(), name: z.string() });

/** Where a login is kept: a file that only its owner can read. Without one the engine of this computer is meant. */
export function readProfile(home: string): Profile | null {
  const file = fileOf(home);
  try {
    return Shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Failure('bad_setting', { why: `  ${file}: ${reasonOf(cause)}. "dumont logout" removes it.` }, { cause });
  }
}

export function writeProfile(home: string, profile: Profile): void {
  const file = fileOf(home);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600); // one that was there before keeps its own mode
  renameSync(draft, file);
}

export function removeProfile(home: string): void {
  rmSync(fileOf(home), { force: true });
}

const fileOf = (home: string): string => join(home, 'login.json');
