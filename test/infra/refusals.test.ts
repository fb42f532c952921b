import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { fingerprintOf } from '../../engine/ssh/fingerprint.ts';
import { freshKey } from '../../engine/ssh/own-key.ts';
import { NODE, RESTIC } from '../../infra/host/pins.ts';
import { diff, type HostProps, leavingFrom, make, read, take } from '../../infra/host/provider.ts';
import { SECRETS } from './host-world.ts';

/** An SSH server on which every command is this one instead. */
async function serverThatRuns(line: string) {
  const [hostKey, privateKey] = [freshKey('host'), freshKey('person')];
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => attempt.accept());
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec, _, { command }) => {
        const channel = acceptExec();
        const child = spawn('sh', ['-c', command.replace(/exec .*/, `exec ${line}`)]);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        channel.pipe(child.stdin).on('error', () => undefined);
        child.on('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const { port } = server.address() as AddressInfo;
  return props({ port, hostKey: fingerprintOf(parsed.getPublicSSH()), sshKeyFile: keptFile(privateKey) });
}

function props(target: Partial<HostProps['target']> = {}): HostProps {
  return {
    target: {
      host: '127.0.0.1',
      port: 1,
      hostKey: `SHA256:${'A'.repeat(43)}`,
      user: 'root',
      sshKeyFile: keptFile(freshKey('person')),
      ...target,
    },
    wanted: {
      node: NODE,
      restic: RESTIC,
      release: { file: '/nowhere', sha256: '0'.repeat(64) },
      settings: {},
      stateRepository: 's3:http://127.0.0.1:1/state/control-host',
      stateKeepDays: 31,
      port: 7077,
      tunnel: false,
      healthSeconds: 1,
    },
    secrets: SECRETS,
  };
}

function keptFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'key');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

test('a host that does not answer is not taken for one that is gone, unless somebody says so', async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  await expect(make(props({ port }))).rejects.toThrow('Check host, hostPort and hostUser');
  await expect(read('id', props({ port }))).rejects.toThrow('SSH does not answer');
  await expect(take(props({ port }), leavingFrom({}))).rejects.toThrow('SSH does not answer');
  await take(props({ port }), leavingFrom({ DUMONT_HOST_GONE: 'yes' }));
});

test('another host key than the pinned one gets nothing from us', async () => {
  const there = await serverThatRuns('true');
  const wrong = { ...there, target: { ...there.target, hostKey: `SHA256:${'B'.repeat(43)}` } };
  await expect(make(wrong)).rejects.toThrow('If you made the VPS anew, set hostKey to the new one.');
});

test('sudo that asks for a password is told with what mends it', async () => {
  const there = await serverThatRuns(`sh -c 'echo "sudo: a password is required" >&2; exit 1'`);
  const asAna = { ...there, target: { ...there.target, user: 'ana' } };
  await expect(make(asAna)).rejects.toThrow(
    'ana may not use sudo without a password: add "ana ALL=(ALL) NOPASSWD: ALL"',
  );
});

test.each([
  ['fact system fedora', 'Debian or Ubuntu is needed'],
  ['fact system debian', 'has no systemd'],
  ['fact system debian\nfact systemctl /bin/systemctl\nfact freeMB 120', 'its disk is full: 120 MB are free'],
])('%j is no host for it', async (facts, why) => {
  const there = await serverThatRuns(`printf '${facts.replaceAll('\n', '\\n')}\\n'`);
  await expect(make(there)).rejects.toThrow(why);
});

test('a disk that fills up meanwhile is told as that', async () => {
  const there = await serverThatRuns(`sh -c 'echo "cat: write error: No space left on device" >&2; exit 1'`);
  await expect(make(there)).rejects.toThrow('its disk is full; what runs goes on running. cat: write error');
});

test('a key that is not there, or has a passphrase', async () => {
  await expect(make(props({ sshKeyFile: '/nowhere/key' }))).rejects.toThrow('sshKeyFile: ENOENT');
  const { private: locked } = ssh2.utils.generateKeyPairSync('ed25519', {
    passphrase: 'x',
    cipher: 'aes256-ctr',
    rounds: 1,
  });
  await expect(make(props({ sshKeyFile: keptFile(locked) }))).rejects.toThrow('has a passphrase: "ssh-add" it instead');
});

test('another host is another control host; anything else changes this one; nothing changes nothing', async () => {
  const olds = { ...props(), undone: [] };
  const news = (change: Partial<HostProps>): HostProps => ({ ...olds, ...change });
  const shuffled = {
    ...olds,
    wanted: Object.fromEntries(Object.entries(olds.wanted).toReversed()) as unknown as HostProps['wanted'],
  };
  expect(await diff(shuffled, olds)).toMatchObject({ changes: false, replaces: [] });
  const moved = news({ wanted: { ...olds.wanted, release: { ...olds.wanted.release, file: '/elsewhere' } } });
  expect(await diff(olds, moved)).toMatchObject({ changes: false });
  expect(await diff(olds, news({ wanted: { ...olds.wanted, settings: { DUMONT_LOG: 'DEBUG' } } }))).toMatchObject({
    changes: true,
    replaces: [],
  });
  expect(await diff(olds, news({ secrets: { ...SECRETS, STATE_PASSWORD: 'new' } }))).toMatchObject({ changes: true });
  expect(await diff(olds, news({ target: { ...olds.target, hostKey: 'another' } }))).toMatchObject({
    changes: true,
    replaces: [],
  });
  expect(await diff({ ...olds, undone: ['firewall'] }, olds)).toMatchObject({ changes: true });
  const byAnotherPort = news({ target: { ...olds.target, port: 2222 } });
  expect(await diff(olds, byAnotherPort)).toMatchObject({ changes: true, replaces: [] });
});

test('a preview in which a key is made anew does not know what the host will be told, and says that it changes', async () => {
  const olds = { ...props(), undone: [] };
  const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'; // as Pulumi's SDK writes it
  for (const change of [{ secrets: unknown }, { wanted: unknown }, { secrets: unknown, wanted: unknown }])
    expect(await diff(olds, { ...olds, ...change } as unknown as HostProps)).toMatchObject({
      changes: true,
      replaces: [],
    });
});

test('the old host is taken down for one that was seen to be fit, and for no other', async () => {
  const facts = 'fact system debian\\nfact systemctl /bin/systemctl\\nfact freeMB 9000\\n';
  const olds = props({ host: '192.0.2.9' });
  expect(await diff(olds, await serverThatRuns(`printf '${facts}'`))).toMatchObject({ replaces: ['target'] });
  const besideIt = await serverThatRuns(`printf '${facts}'`); // at the same address, with another port and key
  expect(await diff(props(), besideIt)).toMatchObject({ replaces: ['target'] });
  const fedora = await serverThatRuns(`printf '${facts.replace('debian', 'fedora')}'`);
  await expect(diff(olds, fedora)).rejects.toThrow('Debian or Ubuntu is needed');
  await expect(diff(olds, props())).rejects.toThrow('Check host, hostPort and hostUser');
});
