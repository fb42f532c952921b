import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import { nameOf } from './naming.ts';

export interface TunnelArgs {
  readonly accountId: string;
  readonly zoneId: string;
  readonly hostname: string;
  /** The port of the API on the control host's loopback. */
  readonly port: number;
  /** 32 bytes or more, in base64. Another one keeps the tunnel, and what is connected by it until that starts again. */
  readonly secret: pulumi.Output<string>;
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
    const { accountId, zoneId, hostname, port, secret } = args;
    const called = nameOf(pulumi.getProject(), pulumi.getStack(), 'tunnel');
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
      name,
      { accountId, name: called, configSrc: 'cloudflare', tunnelSecret: secret },
      { parent: this },
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
    this.token = pulumi.secret(pulumi.all([tunnel.id, secret]).apply(([id, s]) => connectorToken(accountId, id, s)));
    this.url = `https://${hostname}`;
    this.registerOutputs({ url: this.url });
  }
}

/** As Cloudflare makes it. */
export function connectorToken(accountId: string, tunnelId: string, secret: string): string {
  return Buffer.from(JSON.stringify({ a: accountId, t: tunnelId, s: secret })).toString('base64');
}
