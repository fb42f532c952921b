import { type Action, READ, type ScopeName, WRITE } from '../actions.ts';
import type { Bytes } from './bytes.ts';

/** What whoever signed a request may do. */
export interface Scope {
  /** Null: every bucket. */
  readonly buckets: ReadonlySet<string> | null;
  readonly actions: ReadonlySet<Action | 'HeadBucket'>;
  /** Null: every key. */
  readonly paths: { readonly prefixes: readonly Bytes[]; readonly objects: readonly Bytes[] } | null;
}

/** What a request is about: one key, all keys that start so, or the bucket itself. */
export type Target = { readonly key: Bytes } | { readonly prefix: Bytes } | 'bucket';

export function allows(scope: Scope, action: Action | 'HeadBucket', bucket: Bytes, target: Target): boolean {
  if (scope.buckets !== null && !scope.buckets.has(bucket)) return false;
  return scope.actions.has(action) && reaches(scope, target);
}

/** A child holds what both it and its parent were given, never more. Only children are held to paths. */
export function narrow(parent: Scope, child: Scope): Scope {
  return {
    buckets:
      parent.buckets && child.buckets ? common(parent.buckets, child.buckets) : (parent.buckets ?? child.buckets),
    actions: common(child.actions, parent.actions),
    paths: child.paths,
  };
}

export function actionsOf(scope: ScopeName): ReadonlySet<Action | 'HeadBucket'> {
  const read = new Set<Action | 'HeadBucket'>([...READ, 'HeadBucket']);
  return scope.endsWith('-only') ? read : new Set([...read, ...WRITE]);
}

function reaches(scope: Scope, target: Target): boolean {
  if (scope.paths === null || target === 'bucket') return true;
  if ('prefix' in target) return scope.paths.prefixes.some((prefix) => target.prefix.startsWith(prefix));
  return (
    scope.paths.objects.includes(target.key) || scope.paths.prefixes.some((prefix) => target.key.startsWith(prefix))
  );
}

export function common<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter((one) => b.has(one)));
}
