import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bestIsolation } from '../../../engine/marketplaces/local/machine/isolation.ts';
import { ISOLATIONS, type Isolation } from '../../../engine/marketplaces/local/machine/spec.ts';
import { localWorld, patience, type Up, until } from './local-world.ts';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const scratch = mkdtempSync(join(tmpdir(), 'dumont-try-'));
const best = await bestIsolation(scratch, SYSTEM_PATH);
const possible: readonly Isolation[] =
  best === 'namespaces' ? ['namespaces', 'user-namespaces'] : best === 'prefix' ? [] : [best];
afterAll(async () => await rm(scratch, { recursive: true }));

test('the marketplace says how far machines are kept apart here', async () => {
  const world = await localWorld();
  expect(await world.market.notes()).toBe(ISOLATIONS[best]);
});

describe.each(possible)('a machine kept apart by %s', (isolation) => {
  test('bash, git and python3 by absolute path run in two machines at once, and neither sees the other', async () => {
    const world = await localWorld({ isolation });
    const machines = await Promise.all([world.machine({}, 0), world.machine({}, 1)]);
    const results = await Promise.all(
      machines.map(async (machine, n) => await workOn(machine, `work-of-machine-${n}`)),
    );

    for (const [n, { pids, files }] of results.entries()) {
      const other = `work-of-machine-${1 - n}`;
      expect(files).toContain(`work-of-machine-${n}`);
      expect(files).not.toContain(other);
      expect(pids).toContain(`work-of-machine-${n}`);
      expect(pids).not.toContain(other);
      expect(files).not.toContain(world.folder);
    }
  });

  test('its folders are its own and one file system: files move between them and to nobody else', async () => {
    const world = await localWorld({ isolation });
    const { bash, instance } = await world.machine();
    expect(await bash('stat -c %d / /root /workspace /data /tmp /opt /var/tmp /run | sort -u | wc -l')).toBe('1');
    expect(
      await bash(
        "echo hi > /root/a && python3 -c \"import os; os.rename('/root/a', '/data/a'); os.rename('/data/a', '/var/tmp/a')\" && cat /var/tmp/a",
      ),
    ).toBe('hi');
    expect(
      await bash('cut -d " " -f 5 /proc/self/mountinfo | grep -c -E "^/(root|workspace|data|tmp|opt|var|run)(/|$)"'),
    ).toBe('0');
    expect(
      await bash('echo x > /dev/null; head -c 4 /dev/urandom | wc -c; test -w /dev/shm && echo shm; ls -d /dev/pts'),
    ).toBe('4\nshm\n/dev/pts');
    expect(await bash('id -un; echo $HOME; hostname')).toBe(`root\n/root\n${instance}`);
  });

  test("the computer's own files cannot be changed from inside", async () => {
    const world = await localWorld({ isolation });
    const { bash } = await world.machine();
    const name = `dumont-${process.pid}`;
    for (const path of ['/usr', '/etc', '/usr/bin', '/proc/sys', '/sys']) {
      expect(await bash(`touch ${path}/${name} 2>/dev/null; test -e ${path}/${name} || echo no`), path).toBe('no');
    }
    expect(await bash('mount -o remount,rw /usr 2>/dev/null || echo no; umount /usr 2>/dev/null || echo no')).toBe(
      'no\nno',
    );
    expect(await bash(`test -e ${world.folder} || echo unseen`)).toBe('unseen');
  });

  test('stopping every process inside touches none outside, and the first process cleans up after the dead', async () => {
    const world = await localWorld({ isolation });
    const { bash } = await world.machine();
    // A login that stops all others and lets them go on, as the agent does; it would never answer if it met itself outside.
    await bash('for n in 1 2 3; do (sleep 0.05 &) ; done; (setsid sleep 300 >/dev/null 2>&1 &)');
    expect(await bash('kill -STOP -1 2>/dev/null; kill -CONT -1; pgrep -c sleep')).toMatch(/^[1-4]$/);
    await until(async () => (await bash('ps -e -o stat= | grep -c Z')) === '0');
    expect(Number(await bash('ps -e | wc -l'))).toBeLessThan(10);
    expect(await bash('readlink /proc/1/ns/mnt; readlink /proc/self/ns/mnt')).toMatch(/^(\S+)\n\1$/);
  });

  test('a login that was stopped and let go on is not stuck', async () => {
    const world = await localWorld({ isolation });
    const { shell, bash } = await world.machine();
    const running = shell.run({ argv: ['sleep', '0.4'], timeoutMs: 5_000 }, patience());
    await until(async () => (await bash('pgrep -x sleep')) !== '');
    await bash('pkill -STOP -x sleep');
    await until(async () => (await bash('ps -C sleep -o stat=')).startsWith('T'));
    await bash('sleep 0.5; pkill -CONT -x sleep');
    expect((await running).code).toBe(0);
  });
});

/** Somebody works with three programs on a machine; the secret is in file names, file contents and process names. */
async function workOn({ bash }: Up, secret: string): Promise<{ readonly pids: string; readonly files: string }> {
  const python = `/usr/bin/python3 -c "open('/workspace/${secret}', 'w').write('x' * 1000)"`;
  const git = `/usr/bin/git -C /workspace -c user.name=a -c user.email=a@b`;
  await bash(`${python}; ${git} init -q -b main; ${git} add .; ${git} commit -q -m ${secret}`);
  expect(await bash(`${git} log --format=%s`)).toBe(secret);
  await bash(`(exec -a ${secret} /bin/sleep 60 >/dev/null 2>&1 &)`);
  return {
    pids: await bash('/bin/ps -e -o args='),
    files: await bash('find / -xdev 2>/dev/null; cut -d " " -f 5 /proc/self/mountinfo'),
  };
}
