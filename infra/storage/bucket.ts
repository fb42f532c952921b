import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import type { Jurisdiction } from './credentials.ts';
import { type LockRule, lifecycle } from './rules.ts';

export interface BucketArgs {
  readonly accountId: string;
  readonly bucket: string;
  /** Heeded only when the bucket is made. */
  readonly location: string | null;
  readonly jurisdiction: Jurisdiction;
  readonly locks: readonly LockRule[];
  /** It is there from before, and is taken over as it is. */
  readonly adopt: boolean;
}

/**
 * A bucket and its rules. Pulumi refuses to remove it, and once told to forget it leaves it where it is: what people
 * saved is never removed by taking a stack down.
 */
export class Bucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:Bucket', name, {}, opts);
    const { accountId, jurisdiction, location } = args;
    const bucket = new cloudflare.R2Bucket(
      name,
      { accountId, name: args.bucket, jurisdiction, ...(location === null ? {} : { location }) },
      {
        parent: this,
        protect: true,
        retainOnDelete: true,
        ignoreChanges: ['location'], // Cloudflare never moves a bucket
        ...(args.adopt ? { import: `${accountId}/${args.bucket}/${jurisdiction}` } : {}),
      },
    );
    const there = { accountId, bucketName: bucket.name, jurisdiction };
    new cloudflare.R2BucketLifecycle(name, { ...there, rules: [...lifecycle()] }, { parent: this });
    // Stated even when there are none: taking the resource away would leave the old rules in force.
    new cloudflare.R2BucketLock(name, { ...there, rules: [...args.locks] }, { parent: this });
    this.bucket = bucket.name;
    this.registerOutputs({ bucket: this.bucket });
  }
}
