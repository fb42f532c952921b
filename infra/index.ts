import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { ControlHost } from './control-host.ts';
import { packedRelease } from './host/packed.ts';
import { NODE, RESTIC } from './host/pins.ts';
import type { Secrets } from './host/wanted.ts';
import { nameOf } from './naming.ts';
import { preflight } from './preflight.ts';
import { readStack } from './read-stack.ts';
import { s3Endpoint } from './storage/credentials.ts';
import { BUCKETS, STATE_PATH, Storage } from './storage/storage.ts';
import { Tunnel } from './tunnel.ts';

/** Where the API listens on the control host's loopback. */
const PORT = 7077;

// What is said: checked whole, and against Cloudflare, before anything is touched.
const { settings, secret, engineSecrets: given, cloudflare } = readStack();
const { accountId, jurisdiction, host } = settings;
const release = host ? packedRelease(resolve(import.meta.dirname, '..', host.release)) : null;
const buckets = BUCKETS.map((kind) => nameOf(pulumi.getProject(), pulumi.getStack(), kind));
const zoneId = host?.public?.zoneId ?? null;
const asked = { accountId, jurisdiction, buckets, zoneId };
const found = await preflight(cloudflare, asked, AbortSignal.timeout(60_000));

// Where work is kept.
const { permissionGroup, there } = found;
const { location, lockDays } = settings;
const adopted = settings.adopt ? there : [];
const storage = new Storage('storage', { accountId, jurisdiction, location, lockDays, permissionGroup, adopted });
const endpoint = s3Endpoint(accountId, jurisdiction);
const { hot, vault, state, engineKey, stateKey } = storage;

/** What an engine is told to use it: settings that everybody may see, and those that nobody may. */
export const engineSettings = {
  ...settings.engine,
  DUMONT_S3_ENDPOINT: endpoint,
  DUMONT_S3_BUCKET: hot.bucket,
  DUMONT_S3_ACCESS_KEY_ID: engineKey.accessKeyId,
  DUMONT_S3_VAULT_BUCKET: vault.bucket,
  DUMONT_VAULT_LOCK_DAYS: String(settings.lockDays),
};
const keys = { ...given, DUMONT_S3_SECRET_ACCESS_KEY: engineKey.secretAccessKey };
export const engineSecrets = pulumi.secret(keys);
/** Both as a file: `npx pulumi stack output environment --show-secrets > .env`. */
export const environment = pulumi.all([engineSettings, engineSecrets]).apply((parts) =>
  parts
    .flatMap(Object.entries)
    .map(([name, value]) => `${name}=${quotedFor(value)}\n`)
    .join(''),
);
export const stateRepository = pulumi.interpolate`s3:${endpoint}/${state.bucket}/${STATE_PATH}`;

// Who works with it: the VPS that somebody has.
const tunnelSecret = secret('tunnelSecret');
const tunnel =
  host?.public && tunnelSecret
    ? new Tunnel('tunnel', { accountId, ...host.public, port: PORT, secret: tunnelSecret })
    : null;
if (host && release) {
  const publicly = tunnel ? { DUMONT_PUBLIC_URL: tunnel.url, DUMONT_TRUSTED_PROXIES: '127.0.0.1' } : {};
  new ControlHost('control-host', {
    target: { ...host.address, hostKey: host.hostKey, user: host.user, sshKeyFile: host.sshKeyFile },
    wanted: pulumi.output({
      node: NODE,
      restic: RESTIC,
      release,
      settings: { ...engineSettings, ...publicly },
      stateRepository,
      stateKeepDays: settings.lockDays + 1,
      port: PORT,
      tunnel: tunnel !== null,
      healthSeconds: 60,
    }),
    secrets: secretly({
      ...keys,
      STATE_ACCESS_KEY_ID: stateKey.accessKeyId,
      STATE_SECRET_ACCESS_KEY: stateKey.secretAccessKey,
      STATE_PASSWORD: secret('statePassword'),
      TUNNEL_TOKEN: tunnel?.token,
    }),
  });
}
export const url = tunnel?.url ?? null;

/** As Node reads an .env file, which knows no escapes: in marks that the value itself does not have. */
function quotedFor(value: string): string {
  if (/^[\w.:/+=@-]*$/.test(value)) return value;
  const mark = [`'`, '"', '`'].find((one) => !value.includes(one)) ?? '';
  return `${mark}${value}${mark}`;
}

/** Those that there are. */
function secretly(all: Readonly<Record<string, pulumi.Output<string> | undefined>>): pulumi.Output<Secrets> {
  const there = Object.entries(all).flatMap(([name, value]) => (value ? [pulumi.all([name, value])] : []));
  return pulumi.secret(pulumi.all(there).apply((pairs) => Object.fromEntries(pairs)));
}
