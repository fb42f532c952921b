import assert from 'node:assert';

const DAY_SECONDS = 86_400;

/** As Cloudflare takes it. The ages of locks and of lifecycles have different names there. */
export interface LockRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix: string;
  readonly condition: { readonly type: 'Age'; readonly maxAgeSeconds: number } | { readonly type: 'Indefinite' };
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly conditions: { readonly prefix: string };
  readonly abortMultipartUploadsTransition: {
    readonly condition: { readonly type: 'Age'; readonly maxAge: number };
  };
}

/**
 * The vault holds every workspace's repository under the workspace's name, and rules go by how a key begins. So one rule
 * holds them all, those too that nobody has thought of yet. Nobody's restic writes there: the control host copies, reads
 * without a lock of restic's, and removes what is older than this.
 */
export function vaultLocks(lockDays: number): readonly LockRule[] {
  return [{ id: 'everything', enabled: true, prefix: '', condition: days(lockDays) }];
}

/**
 * For a bucket in which restic itself works, with its repository at `path/`. What makes it readable is never rewritten;
 * packs and snapshots may go when they are old; its own locks must go at once, and an index at every compaction.
 */
export function repositoryLocks(path: string, lockDays: number): readonly LockRule[] {
  const rule = (id: string, prefix: string, condition: LockRule['condition']): LockRule => {
    return { id, enabled: true, prefix: `${path}/${prefix}`, condition };
  };
  return workable([
    rule('packs', 'data/', days(lockDays)),
    rule('snapshots', 'snapshots/', days(lockDays)),
    rule('keys', 'keys/', { type: 'Indefinite' }),
    rule('config', 'config', { type: 'Indefinite' }),
  ]);
}

/** No rule may reach what restic must be able to remove. */
export function workable(rules: readonly LockRule[]): readonly LockRule[] {
  for (const { id, prefix } of rules) {
    assert(prefix !== '', `the lock "${id}" would hold everything in the bucket, restic's own locks too`);
    assert(KINDS.test(prefix), `the lock "${id}" at "${prefix}" would hold restic's own locks or indexes`);
  }
  return rules;
}

/** What may be held. A rule that ends before the kind, as `control-host/` would, holds every kind below it. */
const KINDS = /(^|\/)(data\/|snapshots\/|keys\/|config)$/;

function days(lockDays: number) {
  assert(Number.isInteger(lockDays) && lockDays > 0, `nothing can be locked for ${lockDays} days`);
  return { type: 'Age', maxAgeSeconds: lockDays * DAY_SECONDS } as const;
}

/** Rules that are set replace the one R2 has by itself, so what was uploaded in parts and never ended is stated again. */
export function lifecycle(): readonly LifecycleRule[] {
  const condition = { type: 'Age', maxAge: UNFINISHED_DAYS * DAY_SECONDS } as const;
  return [
    {
      id: 'unfinished uploads',
      enabled: true,
      conditions: { prefix: '' },
      abortMultipartUploadsTransition: { condition },
    },
  ];
}

const UNFINISHED_DAYS = 7;
