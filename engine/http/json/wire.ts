/** Our camelCase names as the API's snake_case ones, and back. Only for values whose keys are names of ours: a person's own keys (an environment, say) would be changed too. */

export function snaked<T>(value: T): Snaked<T> {
  return renamed(value, (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) as Snaked<T>;
}

export function cameled<T>(value: T): Cameled<T> {
  return renamed(value, (key) =>
    key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
  ) as Cameled<T>;
}

/** An instant as the API writes it. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

/** Without the fields that are undefined, so that they do not overwrite a default. */
export function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Present<T>;
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [rename(key), renamed(field, rename)]));
}

export type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

export type Snaked<T> = T extends readonly (infer Each)[]
  ? Snaked<Each>[]
  : T extends object
    ? { [K in keyof T as K extends string ? SnakeKey<K> : K]: Snaked<T[K]> }
    : T;

export type Cameled<T> = T extends readonly (infer Each)[]
  ? Cameled<Each>[]
  : T extends object
    ? { [K in keyof T as K extends string ? CamelKey<K> : K]: Cameled<T[K]> }
    : T;

type SnakeKey<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeKey<Rest>}`
  : S;

type CamelKey<S extends string> = S extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelKey<Rest>>}`
  : S;
