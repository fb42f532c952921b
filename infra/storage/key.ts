import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import { bucketResource, type Jurisdiction, s3Key } from './credentials.ts';

export interface KeyArgs {
  readonly accountId: string;
  readonly jurisdiction: Jurisdiction;
  /** Its name at Cloudflare. */
  readonly token: string;
  /** The buckets it reaches, and no others. */
  readonly buckets: readonly string[];
  readonly permissionGroup: string;
}

/** An S3 key for some buckets: to read, write, list and remove objects, and nothing about the buckets or their locks. */
export class Key extends pulumi.ComponentResource {
  readonly accessKeyId: pulumi.Output<string>;
  readonly secretAccessKey: pulumi.Output<string>;

  constructor(name: string, args: KeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:Key', name, {}, opts);
    const { accountId, jurisdiction, permissionGroup } = args;
    const resources = args.buckets.map((bucket) => [bucketResource(accountId, jurisdiction, bucket), '*']);
    const policies = [
      {
        effect: 'allow',
        permissionGroups: [{ id: permissionGroup }],
        resources: JSON.stringify(Object.fromEntries(resources)),
      },
    ];
    const token = new cloudflare.AccountToken(name, { accountId, name: args.token, policies }, { parent: this });
    const key = pulumi.all([token.id, token.value]).apply(([id, value]) => s3Key({ id, value }));
    this.accessKeyId = token.id;
    this.secretAccessKey = pulumi.secret(key.secretAccessKey);
    this.registerOutputs({ accessKeyId: this.accessKeyId });
  }
}
