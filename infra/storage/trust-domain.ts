import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import { bucketResource, type Jurisdiction, s3Key } from './credentials.ts';
import { type LockRule, lifecycle } from './rules.ts';

export interface TrustDomainArgs {
  readonly accountId: string;
  readonly bucket: string;
  /** Heeded only when the bucket is made. */
  readonly location: string | null;
  readonly jurisdiction: Jurisdiction;
  readonly locks: readonly LockRule[];
  /** The permission group that the bucket's one key gets. */
  readonly permissionGroup: string;
  /** The bucket is there from before, and is taken over as it is. */
  readonly adopt: boolean;
}

/**
 * A bucket and the one key that reaches it. Pulumi refuses to remove the bucket, and once told to forget it leaves it
 * where it is: what people saved is never removed by taking a stack down.
 */
export class TrustDomain extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly accessKeyId: pulumi.Output<string>;
  readonly secretAccessKey: pulumi.Output<string>;

  constructor(name: string, args: TrustDomainArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:TrustDomain', name, {}, opts);
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
    const token = new cloudflare.AccountToken(
      name,
      {
        accountId,
        name: args.bucket,
        policies: [
          {
            effect: 'allow',
            permissionGroups: [{ id: args.permissionGroup }],
            resources: JSON.stringify({ [bucketResource(accountId, jurisdiction, args.bucket)]: '*' }),
          },
        ],
      },
      { parent: this, dependsOn: [bucket] },
    );
    const key = pulumi.all([token.id, token.value]).apply(([id, value]) => s3Key({ id, value }));
    this.bucket = bucket.name;
    this.accessKeyId = token.id;
    this.secretAccessKey = pulumi.secret(key.secretAccessKey);
    this.registerOutputs({ bucket: this.bucket, accessKeyId: this.accessKeyId });
  }
}
