import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type AuthContext, type ParsedKey, type PublicKeyAuthContext } from 'ssh2';
import type { Chamber } from './chamber.ts';
import { serveForwarding } from './forwarding.ts';
import { serveSession } from './session.ts';
import { serveSftp } from './sftp.ts';

export interface SshServer {
  /** Answers on this port, or on another one when that is taken; and says on which. Done again it changes nothing. */
  listen(port: number): Promise<number>;
  /** Refuses new connections and cuts those there are. */
  silence(): Promise<void>;
}

interface Settings {
  readonly hostKey: string;
  readonly chamber: Chamber;
  readonly environment: Readonly<Record<string, string>>;
  readonly searchPath: string;
}

/** The machine's SSH server. It stands outside of the machine and enters it for every command. */
export function sshServer(settings: Settings): SshServer {
  const { chamber } = settings;
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [settings.hostKey], ident: 'dumont-local' }, (client, info) => {
    client.on('error', () => undefined); // of this client; it is gone then
    client.on('authentication', (attempt) => decide(attempt, chamber.root));
    client.on('ready', () => {
      serveForwarding(client);
      client.on('session', (accept) => {
        const session = accept();
        const from = `${info.ip} ${info.port}`;
        const login = { SSH_CLIENT: `${from} 22`, SSH_CONNECTION: `${from} 127.0.0.1 22`, ...settings.environment };
        serveSession(session, chamber, login, settings.searchPath);
        session.on('sftp', (acceptSftp) => serveSftp(acceptSftp(), chamber.root));
      });
    });
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    ssh.injectSocket(socket);
  });

  const listen = async (port: number): Promise<number> =>
    await new Promise((resolve, reject) => {
      if (server.listening) return resolve((server.address() as AddressInfo).port);
      const failed = (cause: NodeJS.ErrnoException): void => {
        if (cause.code === 'EADDRINUSE' && port !== 0) listen(0).then(resolve, reject);
        else reject(cause);
      };
      server.once('error', failed);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', failed);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return {
    listen,
    async silence() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Root, with one of the keys in its own authorized_keys, as everywhere: who breaks that file is locked out. */
function decide(attempt: AuthContext, root: string): void {
  if (attempt.username === 'root' && attempt.method === 'publickey' && fitsOne(attempt, root)) attempt.accept();
  else attempt.reject(['publickey']);
}

/** First a client asks whether a key would do; then it comes with a signature. */
function fitsOne({ key, signature, blob, hashAlgo }: PublicKeyAuthContext, root: string): boolean {
  const known = authorizedKeys(root).find((candidate) => candidate.getPublicSSH().equals(key.data));
  if (!known) return false;
  return !signature || (blob !== undefined && known.verify(blob, signature, hashAlgo) === true);
}

function authorizedKeys(root: string): readonly ParsedKey[] {
  let text: string;
  try {
    text = readFileSync(join(root, 'root/.ssh/authorized_keys'), 'utf8');
  } catch {
    return [];
  }
  const keys = text.split('\n').map((line) => ssh2.utils.parseKey(line.trim()));
  return keys.filter((key): key is ParsedKey => !(key instanceof Error));
}
