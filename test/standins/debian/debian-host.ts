import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ssh2 from 'ssh2';
import type { Shell } from '../../../engine/domain/ports.ts';
import { sshConnectAs } from '../../../engine/ssh/connect.ts';
import { fingerprintOf } from '../../../engine/ssh/fingerprint.ts';
import { freshKey } from '../../../engine/ssh/own-key.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/** A fresh Debian, reached by SSH: this computer's own, with a root that forgets everything. */
export interface DebianHost extends AsyncDisposable {
  readonly port: number;
  /** Where its sshd listens too once /run/sshd/ports says so. */
  readonly secondPort: number;
  readonly hostKey: string;
  /** Of whoever may log in as root. */
  readonly privateKey: string;
  readonly open: (signal: AbortSignal) => Promise<Shell>;
  /** How often somebody logged in, and how many programs were run. */
  readonly counted: { logins: number; runs: number };
  /** Runs a line as root there and returns what it printed. */
  sh(line: string): Promise<string>;
}

/** Why there can be none here; null where there can. It takes the right to mount. */
export const noDebianHost: string | null = (() => {
  if (process.platform !== 'linux') return 'it takes Linux';
  const tried = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']);
  if (tried.status !== 0) return 'it takes root and the right to mount';
  return spawnSync('dpkg-query', ['--version']).status === 0 ? null : 'it takes Debian or Ubuntu';
})();

export async function debianHost(): Promise<DebianHost> {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-host-'));
  const [hostPrivate, privateKey] = [freshKey('host'), freshKey('person')];
  const kinds = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
  const { env } = process;
  const script = join(import.meta.dirname, 'own-root.sh');
  const child = spawn('unshare', [...kinds, 'sh', script, folder, REPOSITORY, process.execPath], {
    env: { PATH: env.PATH ?? '', HOST_KEY: hostPrivate, AUTHORIZED: publicLine(privateKey) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the host ended at once'))),
  ])) as [string];
  const [port = 0, secondPort = 0] = line.replace('ready ', '').split(' ').map(Number);
  const hostKey = fingerprintOf(parsed(hostPrivate).getPublicSSH());
  const connect = sshConnectAs({ user: 'root', key: { privateKey } });
  const counted = { logins: 0, runs: 0 };
  const open = async (signal: AbortSignal): Promise<Shell> => {
    const shell = await connect({ host: '127.0.0.1', port }, hostKey, signal);
    counted.logins += 1;
    const run: Shell['run'] = async (...order) => {
      counted.runs += 1;
      return await shell.run(...order);
    };
    return { ...shell, run };
  };
  return {
    port,
    secondPort,
    hostKey,
    privateKey,
    open,
    counted,
    async sh(command) {
      const signal = AbortSignal.timeout(20_000);
      await using shell = await connect({ host: '127.0.0.1', port }, hostKey, signal);
      const output = await shell.run({ argv: ['sh', '-c', command], timeoutMs: 20_000 }, signal);
      return (output.stdout + output.stderr).trim();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function publicLine(privateKey: string): string {
  const key = parsed(privateKey);
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

function parsed(privateKey: string): ssh2.ParsedKey {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key;
}
