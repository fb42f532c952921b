import * as pulumi from '@pulumi/pulumi';
import { nameOf } from '../naming.ts';
import { vaultLocks } from './rules.ts';
import { TrustDomain, type TrustDomainArgs } from './trust-domain.ts';

export interface StorageArgs extends Pick<TrustDomainArgs, 'accountId' | 'location' | 'jurisdiction'> {
  readonly permissionGroup: string;
  readonly adopt: boolean;
  readonly lockDays: number;
}

/** What belongs to whom: machines write to `hot`, the control host alone to `vault`, and its own state lies in `state`. */
export class Storage extends pulumi.ComponentResource {
  readonly hot: TrustDomain;
  readonly vault: TrustDomain;
  readonly state: TrustDomain;

  constructor(name: string, args: StorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:Storage', name, {}, opts);
    const { lockDays, ...common } = args;
    const domain = (purpose: string, locks: TrustDomainArgs['locks']): TrustDomain => {
      const bucket = nameOf(pulumi.getProject(), pulumi.getStack(), purpose);
      return new TrustDomain(purpose, { ...common, bucket, locks }, { parent: this });
    };
    this.hot = domain('hot', []);
    this.vault = domain('vault', vaultLocks(lockDays));
    this.state = domain('state', []);
    this.registerOutputs({});
  }
}
