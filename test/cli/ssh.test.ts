import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';
import { dumont, soon, TMUX, terminal } from './terminal.ts';

const machineKey = ssh2.utils.generateKeyPairSync('ed25519');
const otherKey = ssh2.utils.generateKeyPairSync('ed25519');
const ownKey = ssh2.utils.generateKeyPairSync('ed25519');

let house: Awaited<ReturnType<typeof served>>;
const machines: ssh2.Server[] = [];
beforeAll(async () => {
  house = await served();
  await writeFile(join(house.home, 'own key'), ownKey.private, { mode: 0o600 });
});
afterAll(async () => {
  for (const machine of machines) machine.close();
  await house[Symbol.asyncDispose]();
});

/** A machine that lets only our own key in and runs what it is told with a real shell. */
async function machine(hostKey: { private: string }): Promise<{ host: string; port: number }> {
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
          child.on('close', (code) => {
            stream.exit(code ?? 1);
            stream.end();
          });
        }),
    );
  });
  machines.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function fingerprint(key: { public: string }): string {
  const digest = createHash('sha256').update((ssh2.utils.parseKey(key.public) as ssh2.ParsedKey).getPublicSSH());
  return `SHA256:${digest.digest('base64').replace(/=+$/, '')}`;
}

function pointAt(id: string, address: { host: string; port: number }, hostKey: string): void {
  const identityFile = join(house.home, 'own key');
  house.trouble.ssh = { workspace: 'lab', machine: id, address, hostKey, user: 'root', identityFile };
}

test('a command runs on the machine: its output, its input and its exact exit code come through', async () => {
  pointAt('m1', await machine(machineKey), fingerprint(machineKey));
  const echoed = await run(house.home, ['ssh', 'lab', '--', 'cat; echo problem >&2; exit 37'], { input: 'typed\n' });
  expect([echoed.code, echoed.out]).toEqual([37, 'typed\n']);
  expect(echoed.err).toContain('problem');
  expect((await run(house.home, ['ssh', 'lab', '--', 'echo', '-n', 'words'])).out).toBe('words');
});

test('the key is pinned under the machine, in a file of our own, and asked for once', async () => {
  const address = await machine(machineKey);
  pointAt('m2', address, fingerprint(machineKey));
  expect((await run(house.home, ['ssh', 'lab', '--', 'true'])).code).toBe(0);
  const known = await readFile(join(house.home, 'known_hosts'), 'utf8');
  expect(known).toMatch(/^m2 ssh-ed25519 \S+$/m);
  await run(house.home, ['ssh', 'lab', '--', 'true']);
  expect(await readFile(join(house.home, 'known_hosts'), 'utf8')).toBe(known);
});

test('a machine that shows another key gets nothing', async () => {
  pointAt('m3', await machine(otherKey), fingerprint(machineKey));
  const { code, err } = await run(house.home, ['ssh', 'lab', '--', 'echo reached']);
  expect(code).toBe(76);
  expect(err).toContain(
    `shows another host key (${fingerprint(otherKey)}) than the one pinned (${fingerprint(machineKey)})`,
  );
});

test('a key that changes after it was pinned is refused by ssh itself', async () => {
  pointAt('m4', await machine(machineKey), fingerprint(machineKey));
  await run(house.home, ['ssh', 'lab', '--', 'true']);
  pointAt('m4', await machine(otherKey), fingerprint(machineKey));
  const { code, out, err } = await run(house.home, ['ssh', 'lab', '--', 'echo reached']);
  expect([code, out]).toEqual([255, '']);
  expect(err).toContain('Host key verification failed');
});

test('an address that was used by another machine before is no stranger', async () => {
  const address = await machine(otherKey);
  await writeFile(join(house.home, 'known_hosts'), `m5 ${(machineKey.public).trim()}\n`);
  pointAt('m6', address, fingerprint(otherKey));
  expect((await run(house.home, ['ssh', 'lab', '--', 'true'])).code).toBe(0);
});

test('nobody at the address is said in words', async () => {
  pointAt('m7', { host: '127.0.0.1', port: 9 }, fingerprint(machineKey));
  const { code, err } = await run(house.home, ['ssh', 'lab']);
  expect([code, err]).toEqual([75, expect.stringContaining('SSH does not answer at 127.0.0.1:9')]);
});

test('the ssh command can be printed and works as printed', async () => {
  pointAt('m8', await machine(machineKey), fingerprint(machineKey));
  const { out } = await run(house.home, ['ssh', 'lab', '--print']);
  const child = spawn('sh', ['-c', `${out.trim()} 'exit 9'`], { env: { PATH: '/usr/bin:/bin', HOME: house.home } });
  const [code] = await once(child, 'close');
  expect(code).toBe(9);
});

test.runIf(TMUX)('at a terminal it is a shell, and its exit code is that of the shell', async () => {
  pointAt('m9', await machine(machineKey), fingerprint(machineKey));
  using tty = terminal(house.home, 90, 24);
  tty.type(`${dumont('ssh lab')}; echo "ended with $?"`);
  await expect.poll(tty.screen, soon).toContain('welcome');
  tty.type('echo "the answer is $((6 * 7))"');
  await expect.poll(tty.screen, soon).toContain('the answer is 42');
  tty.type('exit 5');
  await expect.poll(tty.screen, soon).toContain('ended with 5');
});
