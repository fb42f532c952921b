import { type AddressInfo, createServer } from 'node:net';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { SSH_LIMITS, sshConnect } from '../../engine/ssh/connect.ts';
import { fingerprintOf } from '../../engine/ssh/fingerprint.ts';
import { freshKey } from '../../engine/ssh/own-key.ts';

const never = new AbortController().signal;

/** An SSH server that remembers who came and what they showed, and that can fall silent. */
async function serverWith(hostKey: string) {
  const seen: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      seen.push(`${attempt.method} ${attempt.username}`);
      attempt.accept();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void server.close());
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const { port } = server.address() as AddressInfo;
  return { address: { host: '127.0.0.1', port }, fingerprint: fingerprintOf(parsed.getPublicSSH()), seen };
}

test('who shows another key than the pinned one learns nothing of us', async () => {
  const { address, fingerprint, seen } = await serverWith(freshKey('host'));
  const other = fingerprintOf(Buffer.from('another key'));
  const connecting = sshConnect(freshKey('ours'))(address, other, never);
  await expect(connecting).rejects.toMatchObject({
    code: 'host_key_changed',
    facts: { met: fingerprint, pinned: other },
  });
  expect(seen).toEqual([]);

  await using shell = await sshConnect(freshKey('ours'))(address, fingerprint, never);
  expect(shell.hostKey).toBe(fingerprint);
  expect(seen.at(-1)).toBe('publickey root');
});

test('somebody who answers and then says nothing is given up in time, or when we are told to', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void silent.close());
  const address = { host: '127.0.0.1', port: (silent.address() as AddressInfo).port };
  const impatient = sshConnect(freshKey('ours'), { ...SSH_LIMITS, readyMs: 50 });
  await expect(impatient(address, null, never)).rejects.toMatchObject({ code: 'ssh_refused' });

  const stop = new AbortController();
  const reason = new Error('told to');
  const connecting = sshConnect(freshKey('ours'))(address, null, stop.signal);
  stop.abort(reason);
  await expect(connecting).rejects.toBe(reason);
});

test('something that does not speak SSH is named as that', async () => {
  const web = createServer(
    (socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void web.close());
  const address = { host: '127.0.0.1', port: (web.address() as AddressInfo).port };
  await expect(sshConnect(freshKey('ours'))(address, null, never)).rejects.toMatchObject({ code: 'ssh_refused' });
});
