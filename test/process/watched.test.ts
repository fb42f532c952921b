import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';

const can = ['systemd-notify', 'perl'].every((name) => spawnSync(name, ['--version']).status === 0);
if (!can) console.warn('\nSKIPPED: what systemd hears; there is no systemd-notify or no perl.\n');

/** Says everything that comes in at its address, as systemd would hear it. */
const EAR = `use IO::Socket::UNIX; $| = 1;
my $ear = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
print "ready\\n"; while (defined $ear->recv(my $said, 999)) { print "$said\\n" if $said =~ /WATCHDOG/ }`;

/** An engine that is well for two seconds, and then turns in a circle. */
const ENGINE = `import { writeSync } from 'node:fs';
import { keepWatched } from '${join(import.meta.dirname, '../..', 'engine/process/watched.ts')}';
keepWatched(process.env, (why) => console.error(why));
setTimeout(() => { writeSync(1, 'stands still\\n'); for (;;); }, 2_000);`;

test.skipIf(!can)('systemd hears that the engine lives, and nothing once its event loop stands still', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-watched-'));
  const address = join(folder, 'notify');
  const ear = spawn('perl', ['-e', EAR, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const env = { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: address, WATCHDOG_USEC: '900000' };
  onTestFinished(() => {
    ear.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const heard: string[] = [];
  const lines = createInterface({ input: ear.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => heard.push(line));
  const engine = spawn(process.execPath, ['--input-type=module', '-e', ENGINE], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void engine.kill('SIGKILL'));
  await once(engine.stdout, 'data');
  await pause(500); // what was on its way
  const before = heard.length;
  expect(before).toBeGreaterThanOrEqual(3);
  expect(new Set(heard)).toEqual(new Set(['WATCHDOG=1']));
  await pause(1_500);
  expect(heard.length).toBe(before);
});

const pause = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));
