import { Failure } from '../domain/failures.ts';
import { PLANS } from '../domain/plan.ts';
import { readSpan } from '../domain/span.ts';
import type { ConfigureJson } from '../http/json/create.ts';
import { present } from '../http/json/wire.ts';
import { number, numbers, oneOf, text, texts, type Values } from './command.ts';
import { fieldsOf } from './name-value.ts';
import { NEED, needOf } from './need-options.ts';
import { readKey } from './read-key.ts';

const GB = 1_000_000_000;

/** What a workspace is: the same words where it is described and where it is changed. */
export const SPEC = {
  file: text('FILE', 'A workspace file, YAML or JSON ("-" is the standard input); options stand above it'),
  ...NEED,
  disk: number('GB', 'The size of its disk'),
  image: text('IMAGE', 'The container image it runs on'),
  'ssh-key': texts('FILE', 'A public key that may log in besides the engine\'s own, "~/.ssh/id_ed25519.pub"'),
  port: numbers('PORT', 'A port to open'),
  env: texts('NAME=VALUE', 'A variable of its environment'),
  include: texts('PATH', 'A directory to back up besides /root, /workspace and /data'),
  exclude: texts('PATTERN', 'What not to back up'),
  'max-file': number('GB', 'Larger files are not backed up'),
  plan: oneOf('PLAN', 'free, pro or enterprise; "dumont plans" says what each costs', PLANS),
  every: text('SPAN', 'From one backup to the next: 10s, 30s, 1m, 5m, 15m, 1h, 6h or 24h, as the plan allows'),
  'wake-image': text('ON|OFF', 'Whether an image is kept that a wake is fast with'),
  'keep-days': number('DAYS', 'Snapshots are kept this long: 7, 30 or 90'),
};

/** Only what was said. */
export async function specOf({ file, disk, ...options }: Values<typeof SPEC>): Promise<ConfigureJson> {
  // Loaded only where there is a file to read: the parser is the largest part of a command that has none.
  const written = file === undefined ? {} : (await import('./workspace-file/read.ts')).readWorkspaceFile(file);
  const need = needOf({ ...options, disk: undefined });
  const spec = {
    ...written,
    ...said(options, disk),
    need: need || written.need ? { ...written.need, ...present(need ?? {}) } : undefined,
  };
  return present(spec);
}

function said(options: Omit<Values<typeof SPEC>, 'file' | 'disk'>, disk: number | undefined): ConfigureJson {
  const spec = {
    disk_gb: disk,
    image: options.image,
    public_keys: options['ssh-key']?.map(readKey),
    ports: options.port && [...options.port],
    environment: options.env && fieldsOf(options.env),
    include_paths: options.include && [...options.include],
    exclude_paths: options.exclude && [...options.exclude],
    file_bytes_max: options['max-file'] && Math.round(options['max-file'] * GB),
    plan: options.plan,
    backup_every_ms: options.every === undefined ? undefined : readSpan(options.every),
    retention_days: options['keep-days'],
    wake_image: options['wake-image'] === undefined ? undefined : isOn(options['wake-image']),
  };
  return present(spec);
}

function isOn(given: string): boolean {
  if (given === 'on' || given === 'off') return given === 'on';
  throw new Failure('bad_request', { why: `"${given}" is neither "on" nor "off".` });
}
