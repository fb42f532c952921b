import { z } from 'zod';
import { type Account, hex, type Tunnel, uuid } from './account.ts';
import { type Answer, ok, page, Refusal } from './answer.ts';
import type { Asked } from './serve.ts';

/** Tunnels, and what they carry. */
export function tunnels(account: Account, [id, part]: readonly string[], asked: Asked): Answer {
  const alive = [...account.tunnels.values()].filter(({ deleted_at }) => deleted_at === null);
  if (id === undefined) {
    if (asked.method === 'GET') return page(alive.map(shown), asked.query);
    const { name, config_src, tunnel_secret } = NewTunnel.parse(asked.body);
    if (alive.some((tunnel) => tunnel.name === name))
      throw new Refusal(409, 1013, 'You already have a tunnel with this name. Please choose a different name.');
    const secret = tunnel_secret ?? Buffer.from(hex(32), 'hex').toString('base64');
    const created_at = new Date().toISOString();
    const tunnel: Tunnel = {
      id: uuid(),
      name,
      secret,
      config_src,
      created_at,
      deleted_at: null,
      config: null,
      version: 0,
    };
    account.tunnels.set(tunnel.id, tunnel);
    return ok({ ...shown(tunnel), token: connectorToken(account, tunnel) });
  }
  const tunnel = account.tunnels.get(id);
  if (!tunnel) throw new Refusal(404, 1003, 'Tunnel not found');
  switch (`${asked.method} ${part ?? ''}`) {
    case 'GET ':
      return ok(shown(tunnel));
    case 'DELETE ':
      tunnel.deleted_at = new Date().toISOString();
      return ok(shown(tunnel));
    case 'GET token':
      return ok(connectorToken(account, tunnel));
    case 'PUT configurations': {
      tunnel.config = Config.parse(asked.body).config;
      tunnel.version += 1;
      return ok(configuration(tunnel));
    }
    case 'GET configurations':
      return ok(configuration(tunnel));
    default:
      throw new Refusal(405, 10000, 'Method not allowed');
  }
}

const NewTunnel = z.object({
  name: z.string().min(1),
  config_src: z.enum(['local', 'cloudflare']).default('local'),
  tunnel_secret: z.string().min(44).optional(),
});

/** The last rule catches all; without one the API refuses. */
const Config = z.object({
  config: z.object({
    ingress: z
      .array(z.object({ hostname: z.string().optional(), service: z.string() }))
      .min(1)
      .refine((rules) => rules.at(-1)?.hostname === undefined, { error: 'The last ingress rule must match all URLs' }),
  }),
});

function configuration({ id, config, version }: Tunnel) {
  return { tunnel_id: id, config, version, source: 'cloudflare' };
}

function shown({ secret: _, config: _c, version: _v, ...tunnel }: Tunnel) {
  return {
    ...tunnel,
    tun_type: 'cfd_tunnel',
    status: 'inactive',
    connections: [],
    remote_config: tunnel.config_src === 'cloudflare',
  };
}

function connectorToken(account: Account, { id, secret }: Tunnel): string {
  return Buffer.from(JSON.stringify({ a: account.id, t: id, s: secret })).toString('base64');
}

/** The records of a zone. */
export function dnsRecords(account: Account, zone: string, [id]: readonly string[], asked: Asked): Answer {
  const records = account.zones.get(zone);
  if (!records)
    throw new Refusal(
      404,
      7003,
      `Could not route to /client/v4/zones/${zone}/dns_records, perhaps your object identifier is invalid?`,
    );
  if (id === undefined && asked.method === 'GET') return page([...records.values()], asked.query);
  if (id === undefined) {
    const wanted = DnsRecordJson.parse(asked.body);
    if ([...records.values()].some(({ name }) => name === wanted.name))
      throw new Refusal(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
    const record = { id: hex(16), ...wanted };
    records.set(record.id, record);
    return ok(record);
  }
  const record = records.get(id);
  if (!record) throw new Refusal(404, 81044, 'Record does not exist.');
  if (asked.method === 'DELETE') {
    records.delete(id);
    return ok({ id });
  }
  if (asked.method !== 'GET')
    records.set(id, { ...record, ...DnsRecordJson.partial().parse(asked.body) } as typeof record);
  return ok(records.get(id));
}

const DnsRecordJson = z.object({
  name: z.string(),
  type: z.enum(['A', 'AAAA', 'CNAME', 'TXT']),
  content: z.string(),
  proxied: z.boolean().default(false),
  ttl: z.number(),
});
