import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { ConfigureJson } from '../http/json/create.ts';
import { number, numbers, text, texts, type Values } from './command.ts';
import { NEED, needOf } from './need-options.ts';

const GB = 1_000_000_000;

/** What a workspace is: the same words where it is described and where it is changed. */
export const SPEC = {
  ...NEED,
  disk: number('GB', 'The size of its disk'),
  image: text('IMAGE', 'The container image it runs on'),
  'ssh-key': texts('FILE', 'A public key that may log in besides the engine\'s own, "~/.ssh/id_ed25519.pub"'),
  port: numbers('PORT', 'A port to open'),
  env: texts('NAME=VALUE', 'A variable of its environment'),
  include: texts('PATH', 'A directory to back up besides /root, /workspace and /data'),
  exclude: texts('PATTERN', 'What not to back up'),
  'max-file': number('GB', 'Larger files are not backed up'),
};

/** Only what was said. */
export function specOf(options: Values<typeof SPEC>): ConfigureJson {
  const { disk, ...need } = options;
  const spec = {
    need: needOf({ ...need, disk: undefined }),
    disk_gb: disk,
    image: options.image,
    public_keys: options['ssh-key']?.map(readKey),
    ports: options.port && [...options.port],
    environment: options.env && Object.fromEntries(options.env.map(variable)),
    include_paths: options.include && [...options.include],
    exclude_paths: options.exclude && [...options.exclude],
    file_bytes_max: options['max-file'] && Math.round(options['max-file'] * GB),
  };
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

export function readKey(file: string): string {
  try {
    return readFileSync(file.replace(/^~(?=\/)/, homedir()), 'utf8').trim();
  } catch (cause) {
    throw new Failure('bad_path', { path: file, why: reasonOf(cause) }, { cause });
  }
}

function variable(given: string): [string, string] {
  const at = given.indexOf('=');
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)];
  throw new Failure('bad_request', { why: `"${given}" is not NAME=VALUE.` });
}
