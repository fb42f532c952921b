import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';
import { fingerprint, newKey, sshMachine } from './ssh-machine.ts';
import { dumont, soon, TMUX, terminal } from './terminal.ts';

const machineKey = newKey();
const otherKey = newKey();
const ownKey = newKey();

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

async function machine(hostKey: { private: string }): Promise<{ host: string; port: number }> {
  const { server, address } = await sshMachine(hostKey, ownKey);
  machines.push(server);
  return address;
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

/** Plain ssh with the lines that we print for its configuration, and nothing else of ours. */
async function plainSsh(argv: readonly string[], input = '') {
  const { out } = await run(house.home, ['ssh', 'lab', '--config']);
  const config = join(house.home, `ssh_config-${randomUUID()}`); // one who writes it anew would leave another without
  await writeFile(config, out);
  const child = spawn('ssh', ['-F', config, 'lab', ...argv], { env: { PATH: '/usr/bin:/bin', HOME: house.home } });
  child.stdin.end(input);
  let said = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out: said, err, config: out };
}

test('plain ssh reaches the workspace by its name, also after it woke on another machine', async () => {
  pointAt('m10', await machine(machineKey), fingerprint(machineKey));
  const first = await plainSsh(['cat; exit 11'], 'typed');
  expect([first.code, first.out], first.err).toEqual([11, 'typed']);
  pointAt('m11', await machine(otherKey), fingerprint(otherKey));
  const second = await plainSsh(['echo', 'another']);
  expect([second.code, second.out], second.err).toEqual([0, 'another\n']);
  expect(second.config).toBe(first.config); // the same lines hold
  const known = await readFile(join(house.home, 'known_hosts'), 'utf8');
  expect(known.match(/^dumont-lab /gm)).toHaveLength(1);
});

test('many bytes pass plain ssh unharmed, several connections at once', async () => {
  pointAt('m12', await machine(machineKey), fingerprint(machineKey));
  const bytes = 'All work and no play. '.repeat(50_000);
  const ends = await Promise.all([1, 2, 3].map(() => plainSsh(['cat'], bytes)));
  for (const { out, err } of ends) expect(out === bytes, err).toBe(true);
});

test('plain ssh gets nowhere when the machine shows another key, or there is none', async () => {
  pointAt('m13', await machine(otherKey), fingerprint(machineKey));
  const other = await plainSsh(['echo reached']);
  expect([other.code, other.out]).toEqual([255, '']);
  expect(other.err).toMatch(/shows another host key|Host key verification failed/);
  house.trouble.ssh = null;
  const none = await plainSsh(['echo reached']);
  expect([none.code, none.out]).toEqual([255, '']);
  expect(none.err).toContain('lab has no machine right now; wake it first.');
});

test.each([
  [['ssh', 'lab', '--config', '--stdio'], 'takes nothing else with --config'],
  [['ssh', 'lab', '--stdio', '--', 'ls'], 'takes nothing else with --stdio'],
  [['ssh', 'labb', '--config'], 'There is no workspace named "labb"'],
  [['ssh', 'lab', 'bash', '-s'], 'takes a command only after "--": dumont ssh lab -- bash -s'],
  [['ssh', 'lab', 'ls'], 'takes a command only after "--": dumont ssh lab -- ls'],
])('%j is refused: %s', async (argv, says) => {
  const { code, out, err } = await run(house.home, argv);
  expect(err).toContain(says);
  expect([code === 64 || code === 66, out]).toEqual([true, '']);
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
