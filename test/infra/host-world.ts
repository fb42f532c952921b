import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createProbe } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { converge, type Host, lookAt } from '../../infra/host/converge.ts';
import type { Download } from '../../infra/host/pins.ts';
import { stepsOf } from '../../infra/host/steps.ts';
import type { Release, Secrets, Wanted } from '../../infra/host/wanted.ts';
import { until } from '../marketplaces/local/local-world.ts';
import { debianHost } from '../standins/debian/debian-host.ts';
import { ROOT as ROOT_KEY, storageWorld } from '../storage/storage-world.ts';

export const patience = (): AbortSignal => AbortSignal.timeout(60_000);
export const SECRETS: Secrets = {
  DUMONT_S3_SECRET_ACCESS_KEY: 'hot-key-that-nobody-sees',
  STATE_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
  STATE_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
  STATE_PASSWORD: 'state-password-that-nobody-sees',
};

export type HostWorld = Awaited<ReturnType<typeof openHostWorld>>;

/** A fresh host, the downloads it is told of, and storage for its state. */
export async function openHostWorld() {
  await using opening = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'dumont-infra-'));
  opening.defer(() => rmSync(folder, { recursive: true, force: true }));
  const storage = opening.use(await storageWorld({ buckets: ['state'] }));
  const debian = opening.use(await debianHost());
  const files = await serveFolder(folder, opening);
  const port = await freePort();
  const download = (name: string): Download => {
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    return { url: `${files}/${name}`, sha256 };
  };
  packNode(folder);
  packRestic(folder);
  const wanted = (release: Release, change: Partial<Wanted> = {}): Wanted => ({
    node: { version: process.version.slice(1), download: download('node.tar.xz') },
    restic: { version: '0.19.1', download: download('restic.bz2') },
    release,
    settings: {},
    stateRepository: `s3:${storage.storage.endpoint}/state/control-host`,
    stateKeepDays: 31,
    port,
    tunnel: false,
    healthSeconds: 10,
    ...change,
  });
  const releases = new Map<string, Release>();
  const opened = opening.move();
  const host: Host = { address: `127.0.0.1:${debian.port}`, user: 'root', open: debian.open };
  return {
    folder,
    debian,
    storage,
    host,
    port,
    wanted,
    /** A release whose engine answers with its name, or does what `engine` says instead. */
    release(name: string, engine = answering(name)): Release {
      const known = releases.get(engine) ?? packRelease(folder, name, engine);
      releases.set(engine, known);
      return known;
    },
    converge: async (want: Wanted, secrets: Secrets = SECRETS) => await converge(host, want, secrets, patience()),
    todo: async (want: Wanted, secrets: Secrets = SECRETS) =>
      (await lookAt(host, want, secrets, patience())).todo.map(({ name }) => name),
    steps: (want: Wanted) => stepsOf(want, SECRETS),
    says: async () => await (await fetch(`http://127.0.0.1:${port}/healthz`)).text(),
    /** The tags of the copies that there are of its state. */
    copies: async () => await copies(wanted({ file: '', sha256: '' }).stateRepository),
    /** Waits until its firewall lets us in. */
    reachable: async () => await until(async () => (await debian.sh('echo in').catch(() => '')) === 'in'),
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}

async function copies(repository: string): Promise<readonly string[]> {
  const env = {
    AWS_ACCESS_KEY_ID: SECRETS.STATE_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: SECRETS.STATE_SECRET_ACCESS_KEY,
    RESTIC_PASSWORD: SECRETS.STATE_PASSWORD,
    HOME: tmpdir(),
  };
  const { env: ambient } = process;
  const restic = ambient.DUMONT_RESTIC ?? 'restic';
  const { stdout } = await promisify(execFile)(restic, ['snapshots', '--json', '--repo', repository], { env });
  return (JSON.parse(stdout) as { tags: string[] }[]).flatMap(({ tags }) => tags);
}

/** The smallest engine: it has state of its own, answers, and tells what it was given. */
function answering(name: string): string {
  return `import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const { DUMONT_HOME: home, DUMONT_PORT: port, CREDENTIALS_DIRECTORY: credentials } = process.env;
try { readFileSync(home + '/installation.json'); } catch { writeFileSync(home + '/installation.json', '{"made by":"${name}"}'); }
createServer((_, response) => response.end(JSON.stringify({
  name: '${name}', user: process.getuid?.(), installation: readFileSync(home + '/installation.json', 'utf8'),
  credentials: readdirSync(credentials!), key: readFileSync(credentials + '/DUMONT_S3_SECRET_ACCESS_KEY', 'utf8'),
  secretsInEnvironment: Object.values(process.env).filter((value) => /nobody-sees/.test(value ?? '')),
}))).listen(Number(port), '127.0.0.1');
`;
}

function packRelease(folder: string, name: string, engine: string): Release {
  const from = join(folder, `release-${name}`);
  mkdirSync(join(from, 'engine', 'cli'), { recursive: true });
  writeFileSync(join(from, 'package.json'), JSON.stringify({ name: 'dumont', version: '0.0.0', type: 'module' }));
  writeFileSync(
    join(from, 'package-lock.json'),
    JSON.stringify({ name: 'dumont', lockfileVersion: 3, packages: { '': {} } }),
  );
  writeFileSync(join(from, 'engine', 'main.ts'), engine);
  const file = join(folder, `${name}.tgz`);
  tar('-czf', file, '-C', from, '.');
  return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

/** Node as its project packs it: a folder named after the version, with npm in it. */
function packNode(folder: string): void {
  const bin = join(folder, 'node', 'node-vX', 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  // No registry is asked in tests: what this computer has of the packages stands in for what npm would bring.
  const modules = join(import.meta.dirname, '..', '..', 'node_modules');
  writeFileSync(
    join(bin, 'npm'),
    `#!/bin/sh\n[ "$1" = ci ] && [ -e package-lock.json ] || exit 1\nln -sfn ${modules} node_modules\n`,
  );
  chmodSync(join(bin, 'npm'), 0o755);
  tar('-cJf', join(folder, 'node.tar.xz'), '-C', join(folder, 'node'), 'node-vX');
}

function packRestic(folder: string): void {
  const { env } = process;
  writeFileSync(join(folder, 'restic'), `#!/bin/sh\nexec ${env.DUMONT_RESTIC} "$@"\n`);
  spawnSync('bzip2', ['--keep', join(folder, 'restic')]);
}

function tar(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync('tar', argv);
  if (status !== 0) throw new Error(String(stderr));
}

async function serveFolder(folder: string, opening: AsyncDisposableStack): Promise<string> {
  const server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(folder, request.url ?? '')));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opening.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function freePort(): Promise<number> {
  const probe = createProbe();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
