import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { connectorToken } from '../../infra/tunnel.ts';
import { until } from '../marketplaces/local/local-world.ts';
import { grant, newAccount } from './cloudflare/account.ts';
import { serveCloudflare } from './cloudflare/serve.ts';

const ZONE = '0123456789abcdef0123456789abcdef';

async function opened() {
  const account = newAccount([ZONE]);
  const all = ['Workers R2 Storage Write', 'Account API Tokens Write', 'Cloudflare Tunnel Write', 'DNS Write'];
  const token = grant(account, ...all);
  const api = await serveCloudflare(account);
  onTestFinished(async () => await api[Symbol.asyncDispose]());
  /** As Cloudflare's own client asks, from its source: the same paths, headers and bodies. */
  const ask = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${api.baseUrl}/accounts/${account.id}${path}`, {
      method,
      headers: { authorization: `Bearer ${token.value}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: reply.status,
      ...((await reply.json()) as { result: { id: string }; errors: { code: number; message: string }[] }),
    };
  };
  return { account, token, api, ask };
}

test('a tunnel by which somebody is connected cannot be deleted, and another secret leaves it be', async () => {
  const { account, api, ask } = await opened();
  const tunnel_secret = Buffer.alloc(32, 1).toString('base64');
  const { result } = await ask('POST', '/cfd_tunnel', { name: 'one', config_src: 'cloudflare', tunnel_secret });
  const tunnel = account.tunnels.get(result.id)!;
  expect(await ask('POST', '/cfd_tunnel', { name: 'one' })).toMatchObject({ status: 409, errors: [{ code: 1013 }] });

  const body = connectorToken(account.id, tunnel.id, tunnel_secret);
  const line = await fetch(api.edge, { method: 'POST', body });
  expect(line.status).toBe(200);
  const another = Buffer.alloc(32, 2).toString('base64');
  expect(await ask('PATCH', `/cfd_tunnel/${tunnel.id}`, { tunnel_secret: another })).toMatchObject({ status: 200 });
  expect(tunnel.connections.size).toBe(1);
  expect((await fetch(api.edge, { method: 'POST', body })).status).toBe(401);
  expect(await ask('DELETE', `/cfd_tunnel/${tunnel.id}`)).toMatchObject({ status: 400, errors: [{ code: 1022 }] });

  await ask('DELETE', `/cfd_tunnel/${tunnel.id}/connections`);
  await expect(line.text()).rejects.toThrow();
  await until(async () => tunnel.connections.size === 0);
  expect(await ask('DELETE', `/cfd_tunnel/${tunnel.id}`)).toMatchObject({ status: 200 });
});

test('a bucket that is there already is refused in the words for which the page says what to do', async () => {
  const { ask } = await opened();
  await ask('POST', '/r2/buckets', { name: 'dumont-prod-hot' });
  const { status, errors } = await ask('POST', '/r2/buckets', { name: 'dumont-prod-hot' });
  const page = readFileSync(join(import.meta.dirname, '../../infra/README.md'), 'utf8');
  expect([status, errors[0]?.code]).toEqual([409, 10004]);
  expect(errors[0]?.message).toContain('already exists, and you own it');
  expect(page).toContain('already exists, and you own it');
});

/** 120 MB, for one test: it is not among the dependencies. */
const client = (() => {
  try {
    return createRequire(import.meta.url)('cloudflare').default;
  } catch {
    return null;
  }
})();
if (client === null)
  console.warn('\nSKIPPED: Cloudflare\'s own client; "npm install --no-save --ignore-scripts cloudflare" brings it.\n');

test.skipIf(client === null)("Cloudflare's own client makes, reads and takes away all that a stack has", async () => {
  const { account, token, api } = await opened();
  const cloudflare = new client({ apiToken: token.value, baseURL: api.baseUrl });
  const account_id = account.id;
  const jurisdiction = 'eu';
  await cloudflare.r2.buckets.create({ account_id, name: 'vault', locationHint: 'weur', jurisdiction });
  expect(await cloudflare.r2.buckets.get('vault', { account_id, jurisdiction })).toMatchObject({ location: 'WEUR' });
  const rules = [{ id: 'all', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: 60 } }];
  await cloudflare.r2.buckets.locks.update('vault', { account_id, jurisdiction, rules });
  expect(await cloudflare.r2.buckets.locks.get('vault', { account_id, jurisdiction })).toEqual({ rules });
  await expect(cloudflare.r2.buckets.delete('vault', { account_id, jurisdiction })).rejects.toThrow('10008');
  await cloudflare.r2.buckets.create({ account_id, name: 'hot' });
  await cloudflare.r2.buckets.delete('hot', { account_id });

  const groups = [];
  for await (const group of cloudflare.accounts.tokens.permissionGroups.list({ account_id })) groups.push(group);
  const [{ id }] = groups;
  const policies = [
    { effect: 'allow', permission_groups: [{ id }], resources: { 'com.cloudflare.api.account.x': '*' } },
  ];
  const made = await cloudflare.accounts.tokens.create({ account_id, name: 'engine', policies });
  expect(made.value).toMatch(/^[\w-]{40}$/);
  expect(await cloudflare.accounts.tokens.verify({ account_id })).toMatchObject({ status: 'active' });
  await cloudflare.accounts.tokens.delete(made.id, { account_id });

  const { tunnels } = cloudflare.zeroTrust;
  const tunnel = await tunnels.cloudflared.create({ account_id, name: 'one', config_src: 'cloudflare' });
  const config = {
    ingress: [{ hostname: 'a.example', service: 'http://127.0.0.1:1' }, { service: 'http_status:404' }],
  };
  await tunnels.cloudflared.configurations.update(tunnel.id, { account_id, config });
  const body = await tunnels.cloudflared.token.get(tunnel.id, { account_id });
  const line = await fetch(api.edge, { method: 'POST', body });
  const refused = tunnels.cloudflared.delete(tunnel.id, { account_id }, { maxRetries: 0 });
  await expect(refused).rejects.toThrow('1022');
  await tunnels.cloudflared.connections.delete(tunnel.id, { account_id });
  await expect(line.text()).rejects.toThrow();
  await tunnels.cloudflared.delete(tunnel.id, { account_id });

  const record = { zone_id: ZONE, name: 'a.example', type: 'CNAME', content: 'b.example', ttl: 1, proxied: true };
  const { id: dns } = await cloudflare.dns.records.create(record);
  await cloudflare.dns.records.delete(dns, { zone_id: ZONE });
});

test('"npm run standin cloudflare" says where it is, with what one comes in, and ends when told to', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'cloudflare']);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = /CLOUDFLARE_BASE_URL=(\S+) CLOUDFLARE_API_TOKEN=(\S+)/.exec((await lines.next()).value ?? '');
  const accountId = /accountId (\w+)/.exec((await lines.next()).value ?? '')?.[1];
  const headers = { authorization: `Bearer ${first?.[2]}` };
  const reply = await fetch(`${first?.[1]}/accounts/${accountId}/r2/buckets`, { headers });
  expect(await reply.json()).toMatchObject({ success: true, result: { buckets: [] } });
  child.kill('SIGINT');
  expect((await once(child, 'exit'))[0]).toBe(0);
});
