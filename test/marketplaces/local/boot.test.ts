import { expect, test } from 'vitest';
import { localWorld, patience, until } from './local-world.ts';

test('the boot script runs inside while SSH is still coming up, and what it prints is the boot log', async () => {
  const world = await localWorld({ bootMs: 1_500 });
  const instance = await world.rent({
    bootScript: `echo "boot of $NAME on $(hostname)"; stat -c '%a %U' /opt/dumont/boot.json; cat /opt/dumont/boot.json; echo
echo problem >&2; pwd; touch /workspace/made; exit 3`,
    bootConfig: '{"secret":1}',
    environment: { NAME: 'lab' },
  });
  await until(async () => (await world.market.bootLog(instance, patience())).includes('ended with 3'));
  const { address } = (await world.row(instance))!;
  await expect(world.connect(address!, null, patience())).rejects.toMatchObject({ code: 'ssh_refused' });
  const { shell, bash } = await world.up(instance);
  const log = await world.market.bootLog(instance, patience());
  expect(log).toContain(shell.hostKey);
  expect(log).toContain(`boot of lab on ${instance}\n600 root\n{"secret":1}`);
  expect(log).toContain('{"secret":1}\nproblem\n/root\nboot script ended with 3');
  expect(await bash('ls /workspace; echo $NAME')).toBe('made\nlab');
});

test('the key that ssh-keygen reads inside is the one that the server shows', async () => {
  const world = await localWorld();
  const { bash, shell } = await world.machine();
  if ((await bash('ls /etc/ssh/ssh_host_*_key.pub 2>/dev/null || echo none')) === 'none') return;
  expect(await bash('for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done')).toContain(shell.hostKey);
});

test('waits are as many times shorter as the time scale says', async () => {
  const world = await localWorld({ bootMs: 200_000, timeScale: 1_000 });
  const began = performance.now();
  const instance = await world.rent();
  expect((await world.row(instance))?.status).toBe('loading');
  await world.up(instance);
  expect(performance.now() - began).toBeGreaterThan(200);
});

test('five at once come up', async () => {
  const world = await localWorld();
  const machines = await Promise.all(
    [0, 1, 2, 3, 4].map(async (nth) => await world.machine({ label: `m${nth}` }, nth)),
  );
  expect(new Set(machines.map(({ port }) => port)).size).toBe(5);
  expect(await Promise.all(machines.map(async ({ bash }) => await bash('hostname')))).toEqual(
    machines.map(({ instance }) => instance),
  );
});
