import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * systemd hands secrets over as files that this service alone can read; anybody could list an environment. A file named
 * like a setting is that setting.
 */
export function withCredentials(environment: Environment): Environment {
  const folder = environment.CREDENTIALS_DIRECTORY;
  if (!folder) return environment;
  try {
    const names = readdirSync(folder).filter((name) => name.startsWith('DUMONT_'));
    const given = names.map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]);
    return { ...environment, ...Object.fromEntries(given) };
  } catch (cause) {
    throw new Failure('bad_setting', { why: `  CREDENTIALS_DIRECTORY: ${reasonOf(cause)}` }, { cause });
  }
}
