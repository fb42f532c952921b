import type { ConfigureJson } from '../http/json/create.ts';
import type { WorkspaceJson } from '../http/json/instance.ts';
import { bytes, duration } from './words.ts';

type Spec = WorkspaceJson['spec'];

export interface Change {
  /** As a workspace file calls it. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
  /** It counts only from the next wake: a machine gets it when it is rented or started. */
  readonly nextWake: boolean;
}

interface Field {
  readonly key: keyof ConfigureJson;
  readonly name: string;
  readonly nextWake: boolean;
  readonly of: (spec: Spec) => unknown;
  readonly say: (value: never) => string;
}

function field<T>(
  key: keyof ConfigureJson,
  name: string,
  nextWake: boolean,
  of: (spec: Spec) => T,
  say: (value: T) => string,
): Field {
  return { key, name, nextWake, of, say };
}

const list = (values: readonly (string | number)[]): string => values.join(', ') || 'none';
const facts = (value: object): string =>
  Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) =>
      name.endsWith('_ms') ? `${name.slice(0, -3)} ${duration(each as number)}` : `${name} ${each}`,
    )
    .join(', ') || "the installation's own";

const FIELDS: readonly Field[] = [
  field('image', 'image', true, (spec) => spec.image, String),
  field(
    'need',
    'need',
    true,
    (spec) => spec.need,
    (need) => (Object.keys(need).length === 0 ? 'any machine' : facts(need)),
  ),
  field('disk_gb', 'disk_gb', true, (spec) => spec.disk_gb, String),
  field('ports', 'ports', true, (spec) => spec.ports, list),
  field(
    'public_keys',
    'public_keys',
    true,
    (spec) => spec.public_keys,
    (keys) => list(keys.map(keyWords)),
  ),
  field(
    'include_paths',
    'include',
    false,
    (spec) => spec.include_paths,
    (paths) => list(paths.map((path) => `/${path}`)),
  ),
  field('exclude_paths', 'exclude', false, (spec) => spec.exclude_paths, list),
  field('file_bytes_max', 'file_gb_max', false, (spec) => spec.file_bytes_max, bytes),
  field('plan', 'plan', false, (spec) => spec.plan, String),
  field(
    'retention_days',
    'retention_days',
    false,
    (spec) => spec.retention_days,
    (days) => (days === null ? "the plan's own" : String(days)),
  ),
  field(
    'backup_every_ms',
    'backup_every',
    false,
    (spec) => spec.backup_every_ms,
    (ms) => (ms === null ? "the plan's own" : duration(ms)),
  ),
  field('idle', 'idle', false, (spec) => spec.idle, facts),
  field(
    'wake_image',
    'wake_image',
    false,
    (spec) => spec.wake_image,
    (on) => (on ? 'on' : 'off'),
  ),
  field(
    'after_wake',
    'after_wake',
    true,
    (spec) => spec.after_wake,
    (line) => line ?? 'nothing',
  ),
];

/** What is asked for that is not so already. */
export function changesOf(before: Spec, asked: ConfigureJson): Change[] {
  const after = {
    ...before,
    ...asked,
    include_paths: asked.include_paths?.map(rooted) ?? before.include_paths,
  } as Spec;
  const changes = FIELDS.flatMap(({ key, name, nextWake, of, say }) => {
    const [from, to] = [of(before), of(after)];
    if (asked[key] === undefined || same(from, to)) return [];
    return [{ field: name, from: say(from as never), to: say(to as never), nextWake }];
  });
  return asked.environment ? [...changes, environmentChange(before, asked.environment)] : changes;
}

/** Values may be secrets and are never read back, so only the names can be compared. */
function environmentChange({ environment_names: names }: Spec, given: Readonly<Record<string, string>>): Change {
  return {
    field: 'environment',
    from: list(names),
    to: `${list(Object.keys(given))} (values as given)`,
    nextWake: true,
  };
}

function keyWords(key: string): string {
  const [type = '', , comment] = key.split(' ');
  return comment || type;
}

const rooted = (path: string): string => path.replace(/^\/+/, '');

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
