import * as pulumi from '@pulumi/pulumi';
import { nameOf } from '../naming.ts';
import { Bucket, type BucketArgs } from './bucket.ts';
import { Key, type KeyArgs } from './key.ts';
import { type LockRule, repositoryLocks, vaultLocks } from './rules.ts';

export interface StorageArgs
  extends Pick<BucketArgs, 'accountId' | 'location' | 'jurisdiction'>,
    Pick<KeyArgs, 'permissionGroup'> {
  readonly lockDays: number;
  /** Buckets that are taken over as they are; the others are made. */
  readonly adopted: readonly string[];
}

/** What there is a bucket for. */
export const BUCKETS = ['hot', 'vault', 'state'] as const;

/** Where the control host's own state is copied, in its bucket. */
export const STATE_PATH = 'control-host';

/**
 * Machines reach a part of `hot` for some hours, with what the engine signs for them. The engine reaches `hot` and `vault`,
 * since only one key for both can copy from one to the other inside Cloudflare. Its own state lies where it cannot reach.
 */
export class Storage extends pulumi.ComponentResource {
  readonly hot: Bucket;
  readonly vault: Bucket;
  readonly state: Bucket;
  readonly engineKey: Key;
  readonly stateKey: Key;

  constructor(name: string, args: StorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:Storage', name, {}, opts);
    const { lockDays, permissionGroup, adopted, ...common } = args;
    const { accountId, jurisdiction } = common;
    const named = (purpose: string): string => nameOf(pulumi.getProject(), pulumi.getStack(), purpose);
    const bucket = (purpose: (typeof BUCKETS)[number], locks: readonly LockRule[]): Bucket => {
      const adopt = adopted.includes(named(purpose));
      return new Bucket(purpose, { ...common, bucket: named(purpose), locks, adopt }, { parent: this });
    };
    const key = (purpose: string, ...buckets: readonly string[]): Key => {
      const token = named(purpose);
      return new Key(
        purpose,
        { accountId, jurisdiction, token, buckets: buckets.map(named), permissionGroup },
        { parent: this, dependsOn: [this.hot, this.vault, this.state] },
      );
    };
    this.hot = bucket('hot', []); // compacted freely: what must last is in the vault
    this.vault = bucket('vault', vaultLocks(lockDays));
    this.state = bucket('state', repositoryLocks(STATE_PATH, lockDays));
    this.engineKey = key('engine', 'hot', 'vault');
    this.stateKey = key('state', 'state');
    this.registerOutputs({});
  }
}
