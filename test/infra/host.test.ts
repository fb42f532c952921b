import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sshConnectAs } from '../../engine/ssh/connect.ts';
import { converge, remove } from '../../infra/host/converge.ts';
import { diff, type HostProps, read, update } from '../../infra/host/provider.ts';
import { debianHost, noDebianHost } from '../standins/debian/debian-host.ts';
import { type HostWorld, openHostWorld, patience, SECRETS } from './host-world.ts';

if (noDebianHost !== null) console.warn(`\nSKIPPED: making a control host over SSH; ${noDebianHost}.\n`);

/** One host lives through all of this, in this order. */
describe.skipIf(noDebianHost !== null)('a control host', { timeout: 60_000 }, () => {
  let world: HostWorld;
  beforeAll(async () => {
    world = await openHostWorld();
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());
  const one = () => world.wanted(world.release('one'));
  const two = () => world.wanted(world.release('two'));

  test('is made from a bare VPS; no secret is ever in an argument, an environment or what is said', async () => {
    const { debian } = world;
    await debian.sh(
      '(while :; do ps -eo args; sleep 0.02; done > /tmp/arguments 2>&1) </dev/null >/dev/null 2>&1 & echo $! > /tmp/watcher',
    );
    const done = await world.converge(one());
    await debian.sh('kill $(cat /tmp/watcher)');
    expect(done).toEqual(world.steps(one()).flatMap(({ name }) => (name.startsWith('no ') ? [] : [name])));

    const { name, user, credentials, key, secretsInEnvironment } = JSON.parse(await world.says());
    expect(user).not.toBe(0);
    expect([name, credentials, key]).toEqual(['one', ['DUMONT_S3_SECRET_ACCESS_KEY'], 'hot-key-that-nobody-sees']);
    expect(secretsInEnvironment).toEqual([]);
    const seen = await debian.sh('cat /tmp/arguments /var/log/stand-in.log');
    expect(seen).toContain('engine/main.ts');
    for (const secret of Object.values(SECRETS)) {
      expect(seen).not.toContain(secret);
      expect(seen).not.toContain(Buffer.from(secret).toString('base64'));
    }
    expect(
      await debian.sh('find /etc/dumont -type f -perm /077 -name "*STATE*" -o -path "*credentials/*" -perm /077'),
    ).toBe('');
  });

  test('costs one login and one question when nothing is to be done', async () => {
    Object.assign(world.debian.counted, { logins: 0, runs: 0 });
    expect(await world.converge(one())).toEqual([]);
    expect(world.debian.counted).toEqual({ logins: 1, runs: 1 });
  });

  test('whatever changed on it is seen, and that alone is mended', async () => {
    await world.debian.sh(`
      echo open > /etc/ssh/sshd_config.d/10-dumont.conf
      chmod 0644 /etc/dumont/state/STATE_PASSWORD
      nft delete table inet dumont
      systemctl stop dumont.service`);
    const drift = [
      'file /etc/ssh/sshd_config.d/10-dumont.conf',
      'file /etc/dumont/state/STATE_PASSWORD',
      'firewall',
      'engine',
    ];
    expect(await world.todo(one())).toEqual(drift);
    expect(await world.converge(one())).toEqual(drift);
    expect(await world.todo(one())).toEqual([]);
  });

  test('a new release takes over, after the state of the one before was copied away', async () => {
    expect(await world.converge(two())).toEqual(['release', 'engine']);
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two', installation: '{"made by":"one"}' });
    const copy = expect.stringMatching(/^before-[0-9a-f]{16}$/);
    expect(await world.copies()).toEqual([copy, copy]); // while it ran, and while it stood still
    expect(await world.debian.sh('rm /var/lib/dumont-host/state-copied; dumont-state back-up hourly')).toBe('');
    expect(await world.debian.sh('ls /var/lib/dumont-host')).toMatch(/state-copied\nstate-looked-for\nstate-pruned/);
  });

  test('a release that does not answer is taken back, and the one before answers again', async () => {
    const bad = `import { writeFileSync } from 'node:fs';
writeFileSync(process.env.DUMONT_HOME + '/installation.json', 'as nobody before reads it');
console.error('cannot read the store');
process.exit(3)`;
    await world.debian.sh('mkdir /var/lib/dumont/logs; echo said > /var/lib/dumont/logs/today');
    const wanted = world.wanted(world.release('bad', bad), { healthSeconds: 1 });
    await expect(world.converge(wanted)).rejects.toThrow(
      /did not answer within 1 s:[\s\S]*cannot read the store[\s\S]*The previous release is back and answers\./,
    );
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two', installation: '{"made by":"one"}' });
    expect(await world.todo(two())).toEqual([]);
    const kept = await world.debian.sh('cd /var/lib && cat dumont/logs/today dumont.failed/installation.json');
    expect(kept).toBe('said\nas nobody before reads it');
  });

  test('a state that cannot be copied away stops the switch', async () => {
    const broken = { ...SECRETS, STATE_PASSWORD: 'another' };
    await expect(world.converge(one(), broken)).rejects.toThrow('nothing was switched; the running release goes on');
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two' });
    await world.converge(two());
  });

  test('a firewall that would lock us out takes itself back', async () => {
    await world.debian.sh('touch /run/nft-goes-wrong; echo 1 > /run/rollback-seconds; nft delete table inet dumont');
    await expect(world.converge(two())).rejects.toThrow('nobody could come in through the new one');
    await world.reachable();
    expect(await world.debian.sh('cat /run/nft-table')).toContain('No such file');
    await world.debian.sh('rm /run/rollback-seconds /run/nft-goes-wrong');
    expect(await world.converge(two())).toEqual(['firewall']);
  });

  test('another port is opened through the one before; an "up" says what its sshd lacks', async () => {
    const { port, secondPort, hostKey, privateKey } = world.debian;
    const sshKeyFile = join(world.folder, 'key');
    writeFileSync(sshKeyFile, privateKey, { mode: 0o600 });
    const at = (where: number): HostProps => ({
      target: { host: '127.0.0.1', port: where, hostKey, user: 'root', sshKeyFile },
      wanted: two(),
      secrets: SECRETS,
    });
    expect(await diff(at(port), at(secondPort))).toMatchObject({ changes: true, replaces: [] });
    await expect(update(at(port), at(secondPort))).rejects.toThrow(`Add "Port ${secondPort}" to /etc/ssh/sshd_config`);

    await world.debian.sh(`echo ${secondPort} >> /run/sshd/ports`);
    expect((await update(at(port), at(secondPort))).outs.undone).toEqual([]);
    await world.debian.sh(`echo ${secondPort} > /run/sshd/ports`);
    expect((await read('id', at(secondPort))).props.undone).toEqual(['firewall']); // the old port is still open
    await update(at(secondPort), at(secondPort));
    expect(await read('id', at(secondPort))).toMatchObject({ props: { undone: [] } });

    const moved = at(secondPort).target;
    await using shell = await sshConnectAs({ user: 'root', key: { privateKey } })(moved, hostKey, patience());
    await shell.run({ argv: ['sh', '-c', `echo ${port} > /run/sshd/ports`], timeoutMs: 5_000 }, patience());
    await expect(update(at(secondPort), at(port))).rejects.toThrow('"systemctl stop dumont-firewall" on the VPS');
    const both = `printf '${port}\\n${secondPort}\\n' > /run/sshd/ports`;
    await shell.run({ argv: ['sh', '-c', both], timeoutMs: 5_000 }, patience());
    await update(at(secondPort), at(port));
    await world.debian.sh(`echo ${port} > /run/sshd/ports`);
    expect(await world.converge(two())).toEqual(['firewall']);
  });

  test('two do not work on it at once', async () => {
    const busy = '(flock 9; exec sleep 30) 9>/run/dumont-up.lock </dev/null >/dev/null 2>&1 & echo $!';
    const holder = await world.debian.sh(`${busy}`);
    expect(await world.converge(two())).toEqual([]); // one may look
    await expect(world.converge(one())).rejects.toThrow('another "up" is at work on this host');
    await expect(remove(world.host, false, patience())).rejects.toThrow('another "up" is at work on this host');
    await world.debian.sh(`kill ${holder}`);

    const trial = '/run/units/dumont-firewall-rollback.timer.pid';
    await world.debian.sh(`echo waiting > ${trial}; echo somebody > /var/lib/dumont-host/trial-of`);
    await expect(world.converge(one())).rejects.toThrow('another "up" is at work on this host');
    await world.debian.sh(`rm ${trial}`);
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two' });
  });

  test('that its sshd takes keys only is believed when sshd says so', async () => {
    const image = '/etc/ssh/sshd_config.d/01-image.conf';
    await world.debian.sh(`echo 'PasswordAuthentication yes' > ${image}`);
    expect(await world.todo(two())).toEqual(['file /etc/ssh/sshd_config.d/10-dumont.conf']);
    await expect(world.converge(two())).rejects.toThrow('would go on taking passwords');
    await world.debian.sh(`rm ${image}`);
    expect(await world.converge(two())).toEqual(['file /etc/ssh/sshd_config.d/10-dumont.conf']);
  });

  test('what cannot be had, or is not what it should be, leaves the running release alone', async () => {
    const { node, restic, release } = one();
    const bad = (program: typeof node) => ({
      ...program,
      version: '9.9.9',
      download: { ...program.download, sha256: '0'.repeat(64) },
    });
    const gone = {
      ...restic,
      version: '9.9.9',
      download: { ...restic.download, url: `${restic.download.url}.gone` },
    };
    const refusals: [object, string][] = [
      [{ node: bad(node) }, 'is not what was pinned: its checksum differs'],
      [{ restic: gone }, 'cannot be fetched'],
      [{ release: { ...release, sha256: 'f'.repeat(64) } }, 'what arrived is not the release that was packed'],
      [{ release: { sha256: 'e'.repeat(64), file: '/nowhere/release.tgz' } }, '"npx dumont deploy" packs it'],
    ];
    for (const [change, why] of refusals) await expect(world.converge({ ...one(), ...change })).rejects.toThrow(why);
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two' });
    await world.converge(two());

    await world.debian.sh('mount -t tmpfs -o size=8m tmpfs /opt');
    await expect(world.converge(one())).rejects.toThrow('its disk is full: 8 MB are free at /opt');
    await world.debian.sh('umount /opt');
    expect(await world.todo(two())).toEqual([]);
  });

  test('left for another host and come back to, it goes on from what the other one left', async () => {
    await remove(world.host, false, patience());
    await using other = await debianHost();
    const there = { ...world.host, open: other.open };
    await converge(there, two(), SECRETS, patience());
    expect(JSON.parse(await world.says())).toMatchObject({ installation: '{"made by":"one"}' });
    await other.sh(`echo '{"made by":"the other"}' > /var/lib/dumont/installation.json`);
    await remove(there, false, patience());
    await world.converge(two());
    expect(JSON.parse(await world.says()).installation).toContain('the other');
    await world.debian.sh(`printf '{"made by":"one"}' > /var/lib/dumont/installation.json`);
  });

  test('taken down, it keeps its state and a last copy of it; with "purge" nothing stays', async () => {
    await remove(world.host, false, patience());
    await expect(world.says()).rejects.toThrow();
    expect((await world.copies()).at(-1)).toBe('last');
    expect(
      await world.debian.sh(
        'ls -d /etc/dumont /opt/dumont /var/lib/dumont-host /etc/systemd/system/dumont* 2>/dev/null',
      ),
    ).toBe('');
    expect(await world.debian.sh('cat /var/lib/dumont.left-*/installation.json | tail -n 1')).toContain(
      '{"made by":"one"}',
    );

    await remove(world.host, true, patience());
    expect(await world.debian.sh('ls -d /var/lib/dumont /var/lib/dumont.* 2>/dev/null')).toBe('');
  });

  test('a host that has no state gets the copy, and goes on as who it was', async () => {
    expect(await world.converge(two())).toContain('state');
    expect(JSON.parse(await world.says())).toMatchObject({ name: 'two', installation: '{"made by":"one"}' });
  });
});
