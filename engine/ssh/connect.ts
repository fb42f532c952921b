import ssh2, { type Client } from 'ssh2';
import { Failure } from '../domain/failures.ts';
import type { Address } from '../domain/marketplace.ts';
import type { Connect } from '../domain/ports.ts';
import { fingerprintOf } from './fingerprint.ts';
import { openShell } from './shell.ts';

export interface SshLimits {
  /** From the first packet until the login is accepted; whoever calls may want it sooner and aborts. */
  readonly readyMs: number;
  /** A connection that stays silent for `keepaliveMs` this many times in a row is lost. */
  readonly keepaliveMs: number;
  readonly keepalivesMissedMax: number;
}

export const SSH_LIMITS: SshLimits = { readyMs: 20_000, keepaliveMs: 10_000, keepalivesMissedMax: 3 };

/** Who logs in, and with what: a key, or the keys that an agent behind this socket holds. */
export interface Login {
  readonly user: string;
  readonly key: { readonly privateKey: string } | { readonly agent: string };
}

/** Opens shells as root on machines, with the engine's own key. */
export function sshConnect(privateKey: string, limits: SshLimits = SSH_LIMITS): Connect {
  return sshConnectAs({ user: 'root', key: { privateKey } }, limits);
}

export function sshConnectAs(who: Login, limits: SshLimits = SSH_LIMITS): Connect {
  return async (address, pinned, signal) => {
    signal.throwIfAborted();
    const client = new ssh2.Client();
    try {
      const met = await login(client, address, pinned, who, limits, signal);
      return openShell(client, met);
    } catch (cause) {
      client.destroy();
      throw cause;
    }
  };
}

/** Logs in and returns the host key's fingerprint. The key is compared before the client says who it is. */
async function login(
  client: Client,
  address: Address,
  pinned: string | null,
  who: Login,
  limits: SshLimits,
  signal: AbortSignal,
): Promise<string> {
  const where = `${address.host}:${address.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let met = '';
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  client.on('ready', () => resolve(met));
  client.on('error', (cause) => reject(refusal(where, cause)));
  client.on('close', () => reject(new Failure('ssh_refused', { address: where, why: 'it closed the connection' })));
  try {
    client.connect({
      host: address.host,
      port: address.port,
      username: who.user,
      ...who.key,
      authHandler: ['agent' in who.key ? 'agent' : 'publickey'], // not first without any, which takes one more round trip
      readyTimeout: limits.readyMs,
      keepaliveInterval: limits.keepaliveMs,
      keepaliveCountMax: limits.keepalivesMissedMax,
      // One order of preference always, so that a machine with several keys shows the same one every time.
      algorithms: { serverHostKey: ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'] },
      hostVerifier: (key: Buffer) => {
        met = fingerprintOf(key);
        if (pinned === null || met === pinned) return true;
        reject(new Failure('host_key_changed', { address: where, met, pinned }));
        return false;
      },
    });
    client.setNoDelay(true); // a command is a conversation of small packets
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    client.removeAllListeners();
    client.on('error', () => undefined); // what comes after is told by `close`
  }
}

function refusal(address: string, cause: Error & { level?: string }): Failure {
  const why = cause.level === 'client-authentication' ? 'it does not accept our key' : cause.message || String(cause);
  return new Failure('ssh_refused', { address, why }, { cause });
}
