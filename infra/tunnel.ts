import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import { nameOf } from './naming.ts';

export interface TunnelArgs {
  readonly accountId: string;
  readonly zoneId: string;
  readonly hostname: string;
  /** The port of the API on the control host's loopback. */
  readonly port: number;
}

/**
 * The API under a name of your own, without a port open for it. Who may ask is the engine's own affair: machines that
 * report to it could not pass a login page in front.
 */
export class Tunnel extends pulumi.ComponentResource {
  /** With it a connector may speak for this name. */
  readonly token: pulumi.Output<string>;
  readonly url: string;

  constructor(name: string, args: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
    super('dumont:infra:Tunnel', name, {}, opts);
    const { accountId, zoneId, hostname, port } = args;
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
      name,
      { accountId, name: nameOf(pulumi.getProject(), pulumi.getStack(), 'tunnel'), configSrc: 'cloudflare' },
      { parent: this, deleteBeforeReplace: true }, // no two may have one name
    );
    const ingresses = [{ hostname, service: `http://127.0.0.1:${port}` }, { service: 'http_status:404' }];
    const rules = new cloudflare.ZeroTrustTunnelCloudflaredConfig(
      name,
      { accountId, tunnelId: tunnel.id, source: 'cloudflare', config: { ingresses } },
      { parent: this },
    );
    const content = pulumi.interpolate`${tunnel.id}.cfargotunnel.com`;
    new cloudflare.DnsRecord(
      name,
      { zoneId, name: hostname, type: 'CNAME', content, proxied: true, ttl: 1 },
      { parent: this, dependsOn: [rules] },
    );
    // What is looked up is not secret by itself.
    const found = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput(
      { accountId, tunnelId: tunnel.id },
      { parent: this },
    );
    this.token = pulumi.secret(found.token);
    this.url = `https://${hostname}`;
    this.registerOutputs({ url: this.url });
  }
}
