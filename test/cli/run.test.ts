import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run, start } from './dumont.ts';
import { fingerprint, newKey, sshMachine } from './ssh-machine.ts';

const machineKey = newKey();
const ownKey = newKey();
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** An engine whose workspace is awake on a machine that really answers SSH. */
async function awake({ pace = 0.1 } = {}) {
  const house = await served({ pace: 0.01 });
  closing.push(() => house[Symbol.asyncDispose]());
  await run(house.home, ['wake', 'lab', '-q']);
  house.pace(pace);
  const { server, address } = await sshMachine(machineKey, ownKey);
  closing.push(() => void server.close());
  const identityFile = join(house.home, 'own-key');
  await writeFile(identityFile, ownKey.private, { mode: 0o600 });
  const hostKey = fingerprint(machineKey);
  house.trouble.ssh = { workspace: 'lab', machine: 'm1', address, hostKey, user: 'root', identityFile };
  return house;
}

test('a run shows its checkpoint, then what the program prints, and ends with its exit code', async () => {
  const house = await awake();
  const { code, out, err } = await run(house.home, ['run', 'lab', '--', 'false', '--really', '-x']);
  expect(code).toBe(3);
  expect(out).toBe('epoch 1 of 3\nepoch 2 of 3\nepoch 3 of 3\n');
  expect(err).toMatch(/saving: +\d+ %/);
  expect(err).toMatch(/runs "false …" since snapshot a1b2c3d4/);
  expect(err).toMatch(/false … ended with 3\.\nlab goes to sleep now/);
  expect(house.asked.at(-1)).toMatchObject({
    what: 'run',
    args: ['lab', { argv: ['false', '--really', '-x'], thenHibernate: true }],
  });
});

test('with --stay it is not put to sleep, and in JSON there are events and no output between them', async () => {
  const house = await awake({ pace: 0.02 });
  const { code, out } = await run(house.home, ['run', 'lab', '--stay', '--json', '--', 'true']);
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ event }) => event)).toContain('job.began');
  expect(lines.at(-1)).toMatchObject({ verb: 'run', outcome: { ok: true, facts: { code: 0 } } });
  expect(house.asked.at(-1)?.args).toEqual(['lab', { argv: ['true'], thenHibernate: false }]);
});

test('Ctrl-C leaves the program running, and it is seen again from its beginning', async () => {
  const house = await awake({ pace: 1.2 }); // it must still run when it is asked for again
  const first = start(house.home, ['run', 'lab', '--', 'true']);
  await first.printed(/epoch 1 of 3/);
  first.kill('SIGINT');
  const left = await first.ended;
  expect(left.code).toBe(130);
  expect(left.err).toContain('the program goes on. See it again with "dumont run lab --attach"');
  const again = await run(house.home, ['run', 'lab', '--attach']);
  expect([again.code, again.out], again.err).toEqual([0, 'epoch 1 of 3\nepoch 2 of 3\nepoch 3 of 3\n']);
  const after = await run(house.home, ['run', 'lab', '--attach']);
  expect([after.code, after.out]).toEqual([0, '']);
  expect(after.err).toMatch(/It has ended; what it printed is in \S+op-2\.txt/);
}, 60_000);

test('a machine that cannot be reached costs what is shown, not the following', async () => {
  const house = await awake({ pace: 0.05 });
  house.trouble.ssh = null;
  const { code, out, err } = await run(house.home, ['run', 'lab', '--', 'true']);
  expect([code, out]).toEqual([0, '']);
  expect(err).toContain('What it prints cannot be shown right now: lab has no machine right now');
});

test.each([
  [['run', 'lab'], 64, 'needs a command after "--"'],
  [['run', 'lab', 'python', 'train.py'], 64, 'takes a command only after "--": dumont run lab -- python train.py'],
  [['run', 'lab', '--attach', '--', 'ls'], 64, 'takes no command with --attach'],
  [['run', 'lab', '--attach'], 64, 'Nothing was run on lab yet.'],
  [['run', 'lab', '--', 'ls'], 66, 'lab has no machine right now'],
])('%j ends with %i and says: %s', async (argv, code, says) => {
  const house = await served();
  closing.push(() => house[Symbol.asyncDispose]());
  const ran = await run(house.home, argv);
  expect(ran.err).toContain(says);
  expect([ran.code, ran.out]).toEqual([code, '']);
});
