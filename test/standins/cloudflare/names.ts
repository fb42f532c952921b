import type { ServerResponse } from 'node:http';
import * as z from 'zod';
import { connectorToken } from '../../../infra/tunnel.ts';
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
      connections: new Map(),
      config: null,
      version: 0,
    };
    account.tunnels.set(tunnel.id, tunnel);
    return ok({ ...shown(tunnel), token: connectorToken(account.id, tunnel.id, tunnel.secret) });
  }
  const tunnel = account.tunnels.get(id);
  if (!tunnel) throw new Refusal(404, 1003, 'Tunnel not found');
  switch (`${asked.method} ${part ?? ''}`) {
    case 'GET ':
      return ok(shown(tunnel));
    case 'PATCH ':
      rename(tunnel, alive, asked.body);
      return ok(shown(tunnel));
    case 'DELETE ':
      if (tunnel.connections.size > 0)
        throw new Refusal(400, 1022, 'Cannot delete tunnel because it has active connections');
      tunnel.deleted_at = new Date().toISOString();
      return ok(shown(tunnel));
    case 'GET connections':
      return ok([...tunnel.connections].map(([client, { opened_at }]) => ({ id: client, conns: [{ opened_at }] })));
    case 'DELETE connections':
      for (const { cut } of tunnel.connections.values()) cut();
      return ok({});
    case 'GET token':
      return ok(connectorToken(account.id, tunnel.id, tunnel.secret));
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

/** Whoever is connected stays so under another secret; who comes anew needs it. */
function rename(tunnel: Tunnel, alive: readonly Tunnel[], body: unknown): void {
  const { name, tunnel_secret } = NewTunnel.partial().parse(body);
  if (alive.some((one) => one !== tunnel && one.name === name))
    throw new Refusal(409, 1013, 'You already have a tunnel with this name. Please choose a different name.');
  tunnel.name = name ?? tunnel.name;
  tunnel.secret = tunnel_secret ?? tunnel.secret;
}

/** What a connector holds as long as it runs: the line is the request, and its end is the connection's. */
export function connector(account: Account, token: string, response: ServerResponse): void {
  const { t: id, s: secret } = ConnectorToken.parse(JSON.parse(Buffer.from(token, 'base64').toString()));
  const tunnel = account.tunnels.get(id);
  if (!tunnel || tunnel.deleted_at !== null || tunnel.secret !== secret)
    throw new Refusal(401, 1000, 'Unauthorized: Invalid tunnel secret');
  const client = uuid();
  tunnel.connections.set(client, { opened_at: new Date().toISOString(), cut: () => response.destroy() });
  response.on('close', () => tunnel.connections.delete(client));
  response.writeHead(200).write('Registered tunnel connection\n');
}

const ConnectorToken = z.object({ a: z.string(), t: z.string(), s: z.string() });

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

function shown({ secret: _, config: _c, version: _v, connections, ...tunnel }: Tunnel) {
  return {
    ...tunnel,
    tun_type: 'cfd_tunnel',
    status: connections.size > 0 ? 'healthy' : 'inactive',
    connections: [],
    remote_config: tunnel.config_src === 'cloudflare',
  };
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
