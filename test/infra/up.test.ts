import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NODE, RESTIC } from '../../infra/host/pins.ts';
import { s3Endpoint } from '../../infra/storage/credentials.ts';
import type { Account } from '../standins/cloudflare/account.ts';
import { type DebianHost, debianHost, noDebianHost } from '../standins/debian/debian-host.ts';
import type { DynamicProvider } from '../standins/pulumi/dynamic-provider.ts';
import { hidesOne, type Json } from '../standins/pulumi/secrets.ts';
import type { StorageWorld } from '../storage/storage-world.ts';
import { freePort } from './host-world.ts';
import { programWorld, ZONE } from './program-world.ts';
import { r2Of } from './r2-of.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
if (noDebianHost !== null) console.warn(`\nSKIPPED: "pulumi up" onto a host; ${noDebianHost}.\n`);

describe.skipIf(noDebianHost !== null)('"pulumi up" with a host', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-up-'));
  const release = join(folder, 'release.tgz');
  const keyFile = join(folder, 'key');
  let debian: DebianHost;
  beforeAll(async () => {
    debian = await debianHost();
    writeFileSync(keyFile, debian.privateKey, { mode: 0o600 });
    execFileSync(process.execPath, [join(REPOSITORY, 'engine/cli/dumont.js'), 'deploy', '--quiet', '--out', release]);
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
    const page = commandsOfPage();
    expect(page.others).toEqual([
      'npx pulumi login --local',
      'npx pulumi stack init prod',
      'npx dumont deploy',
      'npx pulumi up',
      'ssh root@192.0.2.7 dumont doctor',
    ]);
    expect([page.secrets, Object.keys(page.config)]).toEqual([
      ['cloudflare:apiToken', 'statePassword'],
      ['accountId', 'location', 'host', 'hostKey'],
    ]);
    const here = {
      host: '127.0.0.1',
      hostPort: String(debian.port),
      hostKey: debian.hostKey,
      sshKeyFile: keyFile,
      release,
    };
    const config = { ...page.config, ...here, statePassword: PASSWORD, hostname: 'dumont.example.com', zoneId: ZONE };
    const { accountId: _, ...given }: Record<string, string> = config; // the stand-in has its own
    await using world = await programWorld(given, { secretKeys: ['statePassword'], through });
    const { program, account } = world;
    expect(keyAsShown(debian.port)).toContain(debian.hostKey);

    const first = await program.up();
    expect(first.errors).toEqual([]);
    expect(first.did).toMatchObject({ 'ControlHost control-host': 'create', 'DnsRecord tunnel': 'create' });
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ ok: true });
    const [tunnel] = account.tunnels.values();
    const connected = await debian.sh('cat /run/connected-with');
    expect(JSON.parse(Buffer.from(connected, 'base64').toString())).toEqual({
      a: account.id,
      t: tunnel!.id,
      s: tunnel!.secret,
    });
    expect([...account.zones.get(ZONE)!.values()]).toMatchObject([
      { content: `${tunnel!.id}.cfargotunnel.com`, proxied: true },
    ]);

    expect(await debian.sh('stat -c %a /var/lib/dumont/first-login.txt')).toBe('600');
    expect(await debian.sh('cat /run/units/dumont.service.log')).not.toContain('its password');

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
    for (const secret of [PASSWORD, connected]) {
      expect(
        JSON.stringify({
          ...row,
          inputs: { ...row.inputs, secrets: null },
          outputs: { ...row.outputs, secrets: null },
        }),
      ).not.toContain(secret);
    }

    expect(new Set(Object.values((await program.up()).did))).toEqual(new Set(['same']));

    await debian.sh(
      'systemctl stop dumont.service; chmod 0600 /usr/share/keyrings/cloudflare-main.gpg; echo "APT::Periodic::Unattended-Upgrade 0;" > /etc/apt/apt.conf.d/52dumont',
    );
    await program.refresh();
    expect(Object.entries((await program.up()).did).filter(([, did]) => did !== 'same')).toEqual([
      [expect.stringContaining('control-host'), 'update'],
    ]);
    expect(await debian.sh('cat /etc/apt/apt.conf.d/52dumont')).toContain('Unattended-Upgrade "1"');
    expect(await debian.sh('stat -c %a /usr/share/keyrings/cloudflare-main.gpg')).toBe('644');

    const gone = await program.destroy({ unprotect: true });
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

const PASSWORD = 'state-password-that-nobody-sees';

/** The commands of infra/README.md, in their order: what they set, and what else they do. */
function commandsOfPage() {
  const page = readFileSync(join(REPOSITORY, 'infra', 'README.md'), 'utf8');
  const lines = [...page.matchAll(/^\$ (.*?)(?: {2,}#.*)?$/gm)].map(([, line = '']) => line);
  const set = (line: string) => /^npx pulumi config set (--secret )?(\S+)(?: (.*))?$/.exec(line);
  const settings = lines.map(set).filter((found) => found !== null);
  return {
    config: Object.fromEntries(
      settings.flatMap(([, secret, key, value]) => (secret ? [] : [[key ?? '', value ?? '']])),
    ),
    secrets: settings.flatMap(([, secret, key]) => (secret ? [key] : [])),
    others: lines.filter((line) => !set(line) && !line.startsWith('ssh-keyscan ')),
  };
}

/** As the page finds a host's key: `ssh-keyscan | ssh-keygen`. */
function keyAsShown(port: number): string {
  const line = `ssh-keyscan -p ${port} -t ed25519 127.0.0.1 2>/dev/null | ssh-keygen -lf -`;
  return execFileSync('sh', ['-c', line], { encoding: 'utf8' });
}
