import type { Json } from './secrets.ts';

type Props = { readonly [name: string]: Json };
export interface Made {
  readonly id: string;
  readonly outputs: Props;
}

/**
 * Makes Pulumi's Cloudflare resources as its provider makes them: the same calls with the same bodies, against whatever
 * answers at `baseUrl`. What its source says of each resource is in the issue's reference pages: lifecycle, lock and tunnel
 * configuration are PUT whole and never deleted; a token's value is told at its creation only.
 */
export function cloudflareProvider(baseUrl: string, token: string) {
  async function call(method: string, path: string, body?: unknown, jurisdiction?: Json): Promise<Props> {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(typeof jurisdiction === 'string' ? { 'cf-r2-jurisdiction': jurisdiction } : {}),
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = (await (await fetch(`${baseUrl}${path}`, init)).json()) as {
      success: boolean;
      errors: { code: number; message: string }[];
      result: Props;
    };
    if (!answer.success)
      throw new Error(`${method} ${path}: ${answer.errors.map((e) => `${e.message} (${e.code})`).join()}`);
    return answer.result;
  }

  const kinds: Readonly<Record<string, Kind>> = {
    R2Bucket: {
      async make({ accountId, name, location, jurisdiction, storageClass }) {
        const body = { name, locationHint: location, storageClass };
        const made = await call('POST', `/accounts/${accountId}/r2/buckets`, body, jurisdiction);
        return {
          id: String(name),
          outputs: { location: made.location ?? null, creationDate: made.creation_date ?? null },
        };
      },
      change: 'replace',
      async take({ accountId, name, jurisdiction }) {
        await call('DELETE', `/accounts/${accountId}/r2/buckets/${name}`, undefined, jurisdiction);
      },
    },
    R2BucketLifecycle: whole('lifecycle'),
    R2BucketLock: whole('lock'),
    AccountToken: {
      async make({ accountId, name, policies }) {
        const made = await call('POST', `/accounts/${accountId}/tokens`, { name, policies: apiPolicies(policies) });
        return { id: String(made.id), outputs: { value: made.value ?? null, status: made.status ?? null } };
      },
      async change({ accountId, name, policies }, old) {
        await call('PUT', `/accounts/${accountId}/tokens/${old.id}`, { name, policies: apiPolicies(policies) });
        return old;
      },
      async take({ accountId }, id) {
        await call('DELETE', `/accounts/${accountId}/tokens/${id}`);
      },
    },
    ZeroTrustTunnelCloudflared: {
      async make({ accountId, name, configSrc, tunnelSecret }) {
        const body = { name, config_src: configSrc, tunnel_secret: tunnelSecret };
        return { id: String((await call('POST', `/accounts/${accountId}/cfd_tunnel`, body)).id), outputs: {} };
      },
      async change({ accountId, name, tunnelSecret }, old) {
        const body = { name, tunnel_secret: tunnelSecret };
        await call('PATCH', `/accounts/${accountId}/cfd_tunnel/${old.id}`, body);
        return old;
      },
      async take({ accountId }, id) {
        await call('DELETE', `/accounts/${accountId}/cfd_tunnel/${id}`);
      },
    },
    ZeroTrustTunnelCloudflaredConfig: {
      async make({ accountId, tunnelId, config }) {
        const { ingresses } = config as { ingresses: Json };
        await call('PUT', `/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`, {
          config: { ingress: ingresses },
        });
        return { id: String(tunnelId), outputs: {} };
      },
      change: 'again',
      take: async () => undefined,
    },
    DnsRecord: {
      async make({ zoneId, ...record }) {
        const made = await call('POST', `/zones/${zoneId}/dns_records`, record);
        return { id: String(made.id), outputs: {} };
      },
      change: 'replace',
      async take({ zoneId }, id) {
        await call('DELETE', `/zones/${zoneId}/dns_records/${id}`);
      },
    },
  };

  /** Lists that are set whole, and that nothing takes away again. */
  function whole(part: string): Kind {
    return {
      async make({ accountId, bucketName, rules, jurisdiction }) {
        await call('PUT', `/accounts/${accountId}/r2/buckets/${bucketName}/${part}`, { rules }, jurisdiction);
        return { id: String(bucketName), outputs: {} };
      },
      change: 'again',
      take: async () => undefined,
    };
  }

  return {
    kind: (type: string): Kind => {
      const found = kinds[type.split(':').at(-1) ?? ''];
      if (!found) throw new Error(`the stand-in for the Cloudflare provider does not know ${type}`);
      return found;
    },
  };
}
export type CloudflareProvider = ReturnType<typeof cloudflareProvider>;

interface Kind {
  make(inputs: Props): Promise<Made>;
  readonly change: 'replace' | 'again' | ((inputs: Props, old: Made) => Promise<Made>);
  take(inputs: Props, id: string): Promise<void>;
}

function apiPolicies(policies: Json | undefined): unknown {
  const all = policies as { effect: string; permissionGroups: { id: string }[]; resources: string }[];
  return all.map(({ effect, permissionGroups, resources }) => ({
    effect,
    permission_groups: permissionGroups,
    resources: JSON.parse(resources),
  }));
}
