import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';
import { writeWhole } from '../files/whole-file.ts';

/** An engine elsewhere, and the word that opens it. */
export interface Profile {
  readonly url: string;
  readonly token: string;
  /** For people: whose it is. */
  readonly name: string;
}

export interface Profiles {
  /** Which of them is used; null: the engine of this computer. */
  readonly current: string | null;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** The engine of this computer, which needs no login. */
export const HERE = 'local';

/** Where logins are kept: a file that only its owner can read. */
export function readProfiles(home: string): Profiles {
  const file = fileOf(home);
  try {
    return checked(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, profiles: {} };
    const why = `  ${file}: ${reasonOf(cause)}. Without that file you are logged in nowhere.`;
    throw new Failure('bad_setting', { why }, { cause });
  }
}

/** By hand: every command reads this file first, and the library that checks everything else takes a fifth of its time. */
function checked(given: unknown): Profiles {
  const { current, profiles } = given as Profiles;
  const isText = (value: unknown): boolean => typeof value === 'string';
  const whole = Object.values(profiles).every(({ url, token, name }) => [url, token, name].every(isText));
  if (whole && (current === null || isText(current))) return { current, profiles };
  throw new TypeError('it is not as "dumont login" writes it');
}

/** The one that is used, or the one that was named instead; null: the engine of this computer. */
export function profileIn({ current, profiles }: Profiles, named: string | undefined): Profile | null {
  const name = named ?? current;
  if (name === null || name === HERE) return null;
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return found;
  const known = [...Object.keys(profiles), HERE].join(', ');
  throw new Failure('bad_request', { why: `You have no login "${name}"; there is ${known}.` });
}

/** The last one that goes takes the file with it. */
export function writeProfiles(home: string, profiles: Profiles): void {
  const file = fileOf(home);
  if (Object.keys(profiles.profiles).length === 0) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, `${JSON.stringify(profiles, null, 2)}\n`);
}

const fileOf = (home: string): string => join(home, 'login.json');
