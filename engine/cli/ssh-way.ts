import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SshJson } from '../http/json/instance.ts';
import type { EngineClient } from './engine-client.ts';
import { HOME } from './home.ts';
import { pinHostKey } from './host-key.ts';

/** Ours alone: what stands in a person's own known_hosts and configuration neither helps nor loosens anything. */
export const KNOWN_HOSTS = join(HOME, 'known_hosts');

/** Where the workspace's machine is now, its host key pinned. `alias` is the name that the key gets; the machine's own id unless told. */
export async function wayTo(
  engine: EngineClient,
  workspace: string,
  signal: AbortSignal,
  alias?: string,
): Promise<SshJson> {
  const target = await engine.get<SshJson>(`/api/v1/instances/${encodeURIComponent(workspace)}/ssh`, {}, signal);
  await pinHostKey(target, KNOWN_HOSTS, signal, alias);
  return target;
}

/** Everything about the machine is said here, so that a line in somebody's own ssh configuration cannot loosen it. */
export function sshArgv(target: SshJson): string[] {
  const options = { HostKeyAlias: target.machine_id, ...OPTIONS, ...identityOf(target.identity_file) };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return [...flags, '-p', String(target.address.port), '-l', target.user, '--', target.address.host];
}

/**
 * For somebody's own ssh configuration, and so for editors: `ssh lab` reaches whatever machine the workspace is on. The
 * address and the key are looked up anew at each connection, so the same lines hold across wakes.
 */
export function hostBlock(workspace: string, identityFile: string | null): string[] {
  const options = {
    HostName: workspace,
    User: 'root',
    HostKeyAlias: aliasOf(workspace),
    ProxyCommand: proxyCommand(workspace),
    ...OPTIONS,
    ...identityOf(identityFile ?? ownKeyFile()),
    ServerAliveInterval: '15',
  };
  return [`Host ${workspace}`, ...Object.entries(options).map(([name, value]) => `  ${name} ${value}`)];
}

/** The name under which the key of the machine that a workspace is on now is kept for `hostBlock`. */
export function aliasOf(workspace: string): string {
  return `dumont-${workspace}`;
}

export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const OPTIONS = {
  UserKnownHostsFile: pathIn(KNOWN_HOSTS),
  GlobalKnownHostsFile: '/dev/null',
  StrictHostKeyChecking: 'yes',
  CheckHostIP: 'no',
  UpdateHostKeys: 'no',
  VerifyHostKeyDNS: 'no',
} as const;

function identityOf(file: string | null): Record<string, string> {
  return file === null ? {} : { IdentityFile: pathIn(file), IdentitiesOnly: 'yes' };
}

/** While the workspace sleeps nobody can be asked; the engine on this computer keeps its key here. */
function ownKeyFile(): string | null {
  const file = join(HOME, 'keys', 'id_ed25519');
  return existsSync(file) ? file : null;
}

/** An editor starts ssh with an environment of its own, so the program and its home are named in full. */
function proxyCommand(workspace: string): string {
  const program = join(import.meta.dirname, 'dumont.js');
  const words = ['env', `DUMONT_HOME=${HOME}`, process.execPath, program, 'ssh', '--stdio', workspace];
  return words.map(quote).join(' ').replaceAll('%', '%%');
}

/** A path in ssh's own way of writing, where blanks divide and percent signs mean something. */
function pathIn(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}
