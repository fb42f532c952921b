import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';

export function newKey() {
  return ssh2.utils.generateKeyPairSync('ed25519');
}

/** A machine that lets only our own key in and runs what it is told with a real shell. */
export async function sshMachine(
  hostKey: { private: string },
  ownKey: { public: string },
): Promise<{ server: ssh2.Server; address: { host: string; port: number } }> {
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (login) => {
      const allowed = ssh2.utils.parseKey(ownKey.public) as ssh2.ParsedKey;
      if (login.method === 'publickey' && login.key.data.equals(allowed.getPublicSSH())) login.accept();
      else login.reject(['publickey']);
    });
    client.on('session', (accept) =>
      accept()
        .on('pty', (acceptPty) => acceptPty?.())
        .on('shell', (acceptShell) => {
          const stream = acceptShell();
          stream.write('welcome\r\n');
          const child = spawn('sh', [], { env: { PATH: '/usr/bin:/bin' } });
          // The terminal at the other end is raw: Return arrives as it was pressed.
          stream.on('data', (typed: Buffer) => child.stdin.write(String(typed).replaceAll('\r', '\n')));
          child.stdout.on('data', (said: Buffer) => stream.write(String(said).replaceAll('\n', '\r\n')));
          child.on('close', (code) => {
            stream.exit(code ?? 1);
            stream.end();
          });
        })
        .on('exec', (acceptExec, _, { command }) => {
          const stream = acceptExec();
          const child = spawn('sh', ['-c', command], { env: { PATH: '/usr/bin:/bin' } });
          child.stdin.on('error', () => {}); // it need not read what was typed
          stream.pipe(child.stdin);
          child.stdout.pipe(stream, { end: false });
          child.stderr.pipe(stream.stderr, { end: false });
          client.on('close', () => child.kill());
          child.on('close', (code) => {
            stream.exit(code ?? 1);
            stream.end();
          });
        }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}

export function fingerprint(key: { public: string }): string {
  const digest = createHash('sha256').update((ssh2.utils.parseKey(key.public) as ssh2.ParsedKey).getPublicSSH());
  return `SHA256:${digest.digest('base64').replace(/=+$/, '')}`;
}
