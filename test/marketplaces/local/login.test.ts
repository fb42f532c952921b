import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locate } from '../../../engine/marketplaces/local/machine/locate.ts';
import { type LocalWorld, openLocalWorld, patience, type Up, until } from './local-world.ts';

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
const ssh = locate('ssh', SYSTEM_PATH);

describe.skipIf(!ssh)("a person's own ssh", () => {
  let world: LocalWorld;
  let up: Up;
  let folder: string;
  let options: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dumont-login-'));
    world = await openLocalWorld();
    up = await world.machine({ environment: { GREETING: 'hello there' } });
    const printed = /SHA256:\S+/.exec(await world.market.bootLog(up.instance, patience()))?.[0];
    expect(printed).toBe(up.shell.hostKey);
    options = ['-i', world.key.file, '-F', '/dev/null', '-o', 'LogLevel=ERROR', '-o', 'IdentitiesOnly=yes'];
    options.push('-o', `UserKnownHostsFile=${folder}/known_hosts`, '-o', 'StrictHostKeyChecking=accept-new');
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (...argv: string[]) =>
    await promisify(execFile)(ssh!, [...options, '-p', String(up.port), 'root@127.0.0.1', ...argv], {
      timeout: 10_000,
    });

  test('runs a command, with the environment of the order, and tells its code', async () => {
    expect((await run('echo "$GREETING"; pwd')).stdout).toBe('hello there\n/root\n');
    await expect(run('echo wrong >&2; exit 9')).rejects.toMatchObject({ code: 9, stderr: 'wrong\n' });
  });

  test('nobody else gets in', async () => {
    const keygen = promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    await keygen;
    const others = options.map((option) => (option === world.key.file ? join(folder, 'other') : option));
    const attempt = (...argv: string[]) =>
      promisify(execFile)(ssh!, [...argv, '-o', 'BatchMode=yes', '-p', String(up.port)], { timeout: 10_000 });
    await expect(attempt(...others, 'root@127.0.0.1', 'true')).rejects.toMatchObject({ code: 255 });
    await expect(attempt(...options, 'somebody@127.0.0.1', 'true')).rejects.toMatchObject({ code: 255 });
  });

  test('who spoils authorized_keys is locked out, as everywhere', async () => {
    await up.bash('mv ~/.ssh/authorized_keys ~/.ssh/kept');
    await expect(run('-o', 'BatchMode=yes', 'true')).rejects.toMatchObject({ code: 255 });
    await up.bash('mv ~/.ssh/kept ~/.ssh/authorized_keys');
    await run('true');
  });

  test('a terminal has a size, job control and a prompt, and hears when it is hung up', async () => {
    const child = spawn(ssh!, [...options, '-tt', '-p', String(up.port), 'root@127.0.0.1'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let screen = '';
    child.stdout.on('data', (chunk) => {
      screen += chunk;
    });
    const shows = async (pattern: RegExp) => await until(async () => pattern.test(screen));
    const type = (line: string): void => {
      screen = '';
      child.stdin.write(line);
    };
    await shows(/# /);
    type('tty; stty size; echo $TERM | tr a-z A-Z\n');
    await shows(/\/dev\/pts\/\d+\r\n\d+ \d+\r\n/);
    type('sleep 77\n');
    await until(async () => (await up.bash('pgrep -f "^sleep 77"')) !== '');
    type('\x1a'); // Ctrl-Z
    await shows(/Stopped/);
    type('fg\n');
    await shows(/sleep 77/);
    type('\x03'); // Ctrl-C
    await until(async () => (await up.bash('pgrep -f "^sleep 77"')) === '');
    type('sleep 78\n');
    await until(async () => (await up.bash('pgrep -f "^sleep 78"')) !== '');
    child.kill();
    await until(async () => (await up.bash('pgrep -f "^sleep 78|^/bin/bash -l|^script"')) === '');
  });

  test('programs that were left in the background go on after the login ends', async () => {
    await run('nohup sleep 79 >/dev/null 2>&1 & echo started');
    expect(await up.bash('pgrep -f "^sleep 79"')).not.toBe('');
    await up.bash('pkill -f "^sleep 79"');
  });

  test.skipIf(!locate('scp', SYSTEM_PATH))('scp and sftp carry files both ways, unchanged', async () => {
    const content = Buffer.alloc(5_000_000, 'some text that is not all the same ');
    await writeFile(join(folder, 'up'), content, { mode: 0o640 });
    const at = `root@127.0.0.1:/data/file`;
    const scp = promisify(execFile);
    await scp('scp', [...options, '-p', '-P', String(up.port), join(folder, 'up'), at]);
    await scp('scp', [...options, '-p', '-P', String(up.port), at, join(folder, 'down')]);
    expect((await readFile(join(folder, 'down'))).equals(content)).toBe(true);
    expect(await up.bash('stat -c "%a %s" /data/file')).toBe('640 5000000');

    const batch = [
      'mkdir /data/new',
      'put /etc/hostname /data/new/a',
      'rename /data/new/a /data/new/b',
      'ln -s /data/file /root/link',
      'chmod 600 /data/new/b',
      'ls -l /data/new',
      'ls /root/link',
      'rm /data/file',
      'cd /data',
      'pwd',
    ];
    await writeFile(join(folder, 'batch'), `${batch.join('\n')}\n`);
    const { stdout } = await scp('sftp', [
      ...options,
      '-b',
      join(folder, 'batch'),
      '-P',
      String(up.port),
      'root@127.0.0.1',
    ]);
    expect(stdout).toContain('-rw-------');
    expect(stdout).toContain('Remote working directory: /data');
    expect(await up.bash('readlink /root/link; test -e /data/file || echo gone')).toBe('/data/file\ngone');
  });

  test('a link inside leads to where it would for a program inside, not out of the machine', async () => {
    await up.bash('mkdir -p /data/real && ln -sfn /data/real /root/door && ln -sfn ../../../../data/real /root/up');
    for (const path of ['/root/door/a', '/root/up/b', '/root/../../../data/real/c']) {
      await up.shell.upload([{ path, mode: 0o600, from: { bytes: Buffer.from(path) } }], patience());
    }
    expect(await up.bash('ls /data/real')).toBe('a\nb\nc');
  });

  test('-L and -R carry connections both ways', async () => {
    const server = createServer((socket) => socket.end('from here'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const here = (server.address() as AddressInfo).port;
    const [local, remote] = [await freePort(), await freePort()];
    const child = spawn(ssh!, [
      ...options,
      '-N',
      '-o',
      'ExitOnForwardFailure=yes',
      '-L',
      `${local}:127.0.0.1:${here}`,
      '-R',
      `${remote}:127.0.0.1:${here}`,
      '-p',
      String(up.port),
      'root@127.0.0.1',
    ]);
    try {
      expect(await until(async () => await readAll(local))).toBe('from here');
      const read = `/usr/bin/python3 -c "import socket; print(socket.create_connection(('127.0.0.1', ${remote})).recv(99).decode())"`;
      expect(await up.bash(read)).toBe('from here');
    } finally {
      child.kill();
      server.close();
    }
    await until(async () => (await readAll(remote)) === null);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function readAll(port: number): Promise<string | null> {
  return await new Promise((resolve) => {
    let text = '';
    const socket = connectTo(port, '127.0.0.1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(text || null));
  });
}
