import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NODE, RESTIC } from '../../infra/host/pins.ts';
import { s3Endpoint } from '../../infra/storage/credentials.ts';
import { connectorToken } from '../../infra/tunnel.ts';
import { until } from '../marketplaces/local/local-world.ts';
import type { Account } from '../standins/cloudflare/account.ts';
import { type DebianHost, debianHost, noDebianHost } from '../standins/debian/debian-host.ts';
import type { DynamicProvider } from '../standins/pulumi/dynamic-provider.ts';
import { hidesOne, type Json } from '../standins/pulumi/secrets.ts';
import type { StorageWorld } from '../storage/storage-world.ts';
import { freePort } from './host-world.ts';
import { leadTo, runPage } from './page.ts';
import { programWorld, ZONE } from './program-world.ts';
import { r2Of } from './r2-of.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
if (noDebianHost !== null) console.warn(`\nSKIPPED: "pulumi up" onto a host; ${noDebianHost}.\n`);

describe.skipIf(noDebianHost !== null)('"pulumi up" with a host', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-up-'));
  const release = join(folder, 'release.tgz');
  const keyFile = join(folder, 'key');
  let debian: DebianHost;
  beforeAll(async () => {
    debian = await debianHost();
    writeFileSync(keyFile, debian.privateKey, { mode: 0o600 });
    leadTo(debian, '192.0.2.7', keyFile, folder);
    await bringPrograms(debian);
  }, 60_000);
  afterAll(async () => {
    await debian[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test('makes buckets and a running engine, then nothing; mends what changed; taken down, it leaves what people saved', async () => {
    const port = await freePort();
    let r2: StorageWorld | null = null;
    onTestFinished(async () => await r2?.[Symbol.asyncDispose]());
    /** Where the name of R2 would lead to Cloudflare it leads to its stand-in here, and the port is one that is free. */
    const through = (provider: DynamicProvider, account: Account): DynamicProvider => {
      const led = async (props: { [name: string]: Json }): Promise<typeof props> => {
        r2 ??= await r2Of(account);
        const text = JSON.stringify(props).replaceAll(s3Endpoint(account.id, 'default'), r2.storage.endpoint);
        return JSON.parse(text.replaceAll('"port":7077', `"port":${port}`));
      };
      return {
        ...provider,
        create: async (props) => await provider.create(await led(props)),
        diff: async (id, olds, news) => await provider.diff(id, olds, await led(news)),
        update: async (id, olds, news) => await provider.update(id, olds, await led(news)),
      };
    };
    const secretKeys = ['cloudflare:apiToken', 'statePassword', 'tunnelSecret'];
    await using world = await programWorld({}, { secretKeys, through });
    const { program, account, api, token } = world;
    await debian.sh(`echo ${api.edge} > /run/edge`);

    let given: Record<string, string> = {};
    const began = performance.now();
    const said = await runPage({
      types: {
        ...{ 'cloudflare:apiToken': token.value, accountId: account.id },
        ...{ host: '127.0.0.1', hostKey: debian.hostKey },
      },
      release,
      path: folder,
      async up(config, keys) {
        expect(keys).toEqual(['cloudflare:apiToken', 'statePassword']);
        given = { ...config, hostPort: String(debian.port), sshKeyFile: keyFile, release };
        const first = await program.up({ config: world.config(given) });
        expect([first.errors, first.did]).toEqual([
          [],
          expect.objectContaining({ 'ControlHost control-host': 'create' }),
        ]);
      },
    });
    expect(performance.now() - began).toBeLessThan(15 * 60_000); // as its title says
    const saidBy = (start: string): string => [...said].find(([line]) => line.startsWith(start))?.[1] ?? '';
    expect(saidBy('ssh-keyscan')).toContain(debian.hostKey);
    const doctor = saidBy('ssh root@192.0.2.7 dumont doctor');
    expect(doctor).toMatch(/locks +well/);
    expect(
      doctor.match(/^(.*\S) +NOT WELL/gm)?.map((line) => line.split('  ')[0]),
      doctor,
    ).toEqual(['recovery key']);
    expect(saidBy('ssh root@192.0.2.7 cat')).toMatch(/its password \S+[\s\S]*The recovery key is \S+/);
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ ok: true });
    expect(await debian.sh('stat -c %a /var/lib/dumont/first-login.txt')).toBe('600');
    expect(await debian.sh('cat /run/units/dumont.service.log')).not.toContain('its password');

    // A name for it, and a tunnel.
    const tunnelSecret = randomBytes(32).toString('base64');
    given = { ...given, hostname: 'dumont.example.com', zoneId: ZONE, tunnelSecret };
    const up = async (change: Record<string, string> = {}) =>
      await program.up({ config: world.config({ ...given, ...change }) });
    expect((await up()).did).toMatchObject({ 'ControlHost control-host': 'update', 'DnsRecord tunnel': 'create' });
    const [tunnel] = account.tunnels.values();
    await until(async () => tunnel!.connections.size === 1);
    expect([...account.zones.get(ZONE)!.values()]).toMatchObject([
      { content: `${tunnel!.id}.cfargotunnel.com`, proxied: true },
    ]);

    const { findings } = JSON.parse(await debian.sh('dumont doctor --json 2>/dev/null')) as {
      findings: { name: string; ok: boolean }[];
    };
    expect(findings.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['recovery key', 'tunnel']); // nobody kept the one, the other leads nowhere here
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['engine', 'credentials', 'scope', 'locks']),
    );
    expect(JSON.parse(await debian.sh('dumont status --json'))).toMatchObject({});

    const row = [...program.rows.values()].find(({ name }) => name === 'control-host')!;
    expect([hidesOne(row.inputs.secrets), hidesOne(row.outputs.secrets)]).toEqual([true, true]);
    expect(String(row.inputs.__provider).length).toBeLessThan(4_000);
    for (const secret of [given.statePassword!, tunnelSecret]) {
      expect(
        JSON.stringify({
          ...row,
          inputs: { ...row.inputs, secrets: null },
          outputs: { ...row.outputs, secrets: null },
        }),
      ).not.toContain(secret);
    }

    expect(new Set(Object.values((await up()).did))).toEqual(new Set(['same']));

    // Another secret for the tunnel: it stays, its connector comes anew, and who has the old one comes no more.
    const [before] = tunnel!.connections.keys();
    const another = randomBytes(32).toString('base64');
    const rotated = await up({ tunnelSecret: another });
    expect(Object.entries(rotated.did).filter(([, did]) => did !== 'same')).toEqual([
      ['ZeroTrustTunnelCloudflared tunnel', 'update'],
      ['ControlHost control-host', 'update'],
    ]);
    await until(async () => tunnel!.connections.size === 1 && !tunnel!.connections.has(before!));
    expect(tunnel!.secret).toBe(another);
    const old = connectorToken(account.id, tunnel!.id, tunnelSecret);
    expect((await fetch(api.edge, { method: 'POST', body: old })).status).toBe(401);
    given = { ...given, tunnelSecret: another };

    await debian.sh(
      'systemctl stop dumont.service; chmod 0600 /usr/share/keyrings/cloudflare-main.gpg; echo "APT::Periodic::Unattended-Upgrade 0;" > /etc/apt/apt.conf.d/52dumont',
    );
    await program.refresh();
    expect(Object.entries((await up()).did).filter(([, did]) => did !== 'same')).toEqual([
      [expect.stringContaining('control-host'), 'update'],
    ]);
    expect(await debian.sh('cat /etc/apt/apt.conf.d/52dumont')).toContain('Unattended-Upgrade "1"');
    expect(await debian.sh('stat -c %a /usr/share/keyrings/cloudflare-main.gpg')).toBe('644');

    // The tunnel is the last to go: as long as somebody is connected by it, Cloudflare lets nobody delete it.
    await until(async () => tunnel!.connections.size === 1);
    const gone = await program.destroy({ unprotect: true });
    expect(tunnel!.deleted_at).not.toBeNull();
    expect(gone).toMatchObject({
      'R2Bucket vault': 'forget',
      'AccountToken engine': 'delete',
      'DnsRecord tunnel': 'delete',
    });
    expect(account.buckets.size).toBe(3);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    expect(await debian.sh('ls /var/lib/dumont.left-*/master.key')).toContain('/master.key');
  });
});

/** What is pinned cannot be fetched in tests: programs of those versions are there already. */
async function bringPrograms(debian: DebianHost): Promise<void> {
  const home = `/opt/dumont/node-${NODE.version}/bin`;
  const { env } = process;
  await debian.sh(`mkdir -p ${home}
printf '#!/bin/sh\\ncase "$1" in --version) echo v${NODE.version} ;; *) exec ${process.execPath} "$@" ;; esac\\n' > ${home}/node
printf '#!/bin/sh\\nln -sfn ${REPOSITORY}/node_modules node_modules\\n' > ${home}/npm
printf '#!/bin/sh\\nexec ${env.DUMONT_RESTIC} "$@"\\n' > /opt/dumont/restic-${RESTIC.version}
chmod 0755 /opt/dumont /opt/dumont/node-* ${home} ${home}/* /opt/dumont/restic-*`);
}
