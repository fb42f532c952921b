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
 * In the vault the kind of an object comes before its workspace (`data/lab/...`), so these few rules hold for workspaces
 * that nobody has thought of yet. What makes a repository readable is never rewritten; packs and snapshots may go when
 * they are old; an index is rewritten at every compaction and can be made again from packs.
 */
export function vaultLocks(lockDays: number): readonly LockRule[] {
  assert(Number.isInteger(lockDays) && lockDays > 0, `nothing can be locked for ${lockDays} days`);
  const days = { type: 'Age', maxAgeSeconds: lockDays * DAY_SECONDS } as const;
  return checked([
    { id: 'packs', enabled: true, prefix: 'data/', condition: days },
    { id: 'snapshots', enabled: true, prefix: 'snapshots/', condition: days },
    { id: 'keys', enabled: true, prefix: 'keys/', condition: { type: 'Indefinite' } },
    { id: 'config', enabled: true, prefix: 'config/', condition: { type: 'Indefinite' } },
  ]);
}

/** restic cannot work where its own locks or indexes cannot be removed, so no rule may reach them. */
export function checked(rules: readonly LockRule[]): readonly LockRule[] {
  for (const { id, prefix } of rules) {
    assert(prefix !== '', `the lock "${id}" would hold everything in the bucket, restic's own locks too`);
    assert(prefix.endsWith('/'), `the lock "${id}" would also hold the neighbours of "${prefix}"`);
    for (const free of MUST_STAY_FREE) {
      const reaches = free.startsWith(prefix) || `/${prefix}`.includes(`/${free}`);
      assert(!reaches, `the lock "${id}" would hold "${free}", which restic must be able to remove`);
    }
  }
  return rules;
}

const MUST_STAY_FREE = ['locks/', 'index/'];

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
