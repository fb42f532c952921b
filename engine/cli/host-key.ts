import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Failure, reasonOf } from '../domain/failures.ts';
import { writeWhole } from '../files/whole-file.ts';
import type { SshJson } from '../http/json/instance.ts';

const run = promisify(execFile);
const SCAN_SECONDS = 10;

/**
 * Makes sure that our own known_hosts holds the key of this machine, under the machine's id unless told otherwise:
 * addresses are used again by other machines, ids never are. The engine pinned a fingerprint; the key itself is asked for here and believed only
 * when its fingerprint is that one. ssh then checks it by itself at every connection.
 */
export async function pinHostKey(
  target: SshJson,
  knownHosts: string,
  signal: AbortSignal,
  alias = target.machine_id,
): Promise<void> {
  const lines = (await readFile(knownHosts, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const known = lines.filter((line) => line.startsWith(`${alias} `));
  if (known.some((line) => fingerprintOf(line) === target.host_key)) return;
  const keys = await scan(target, signal);
  const key = keys.find((line) => fingerprintOf(line) === target.host_key);
  if (!key) {
    const { host, port } = target.address;
    const met = keys.map(fingerprintOf).join(', ');
    throw new Failure('host_key_changed', { address: `${host}:${port}`, met, pinned: target.host_key });
  }
  const others = lines.filter((line) => !known.includes(line));
  await mkdir(dirname(knownHosts), { recursive: true, mode: 0o700 });
  // An editor opens several connections at once.
  writeWhole(knownHosts, `${[...others, key.replace(/^\S+/, alias)].join('\n')}\n`);
}

/** Every key that answers there, as lines of a known_hosts file. */
async function scan({ address: { host, port } }: SshJson, signal: AbortSignal): Promise<readonly string[]> {
  const address = `${host}:${port}`;
  try {
    const { stdout } = await run('ssh-keyscan', ['-T', String(SCAN_SECONDS), '-p', String(port), host], { signal });
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    if (lines.length > 0) return lines;
  } catch (cause) {
    signal.throwIfAborted();
    throw new Failure('ssh_refused', { address, why: `ssh-keyscan: ${reasonOf(cause).split('\n')[0]}` }, { cause });
  }
  throw new Failure('ssh_refused', { address, why: 'no host key came' });
}

/** As ssh prints it: `SHA256:` and the digest without its padding. */
function fingerprintOf(line: string): string {
  const [, , key = ''] = line.split(' ');
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
