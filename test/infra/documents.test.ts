import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../infra/host/bundle.ts';
import { FIREWALL } from '../../infra/host/firewall.ts';
import { NODE, RESTIC } from '../../infra/host/pins.ts';
import { confirmScript, lookScript, makeScript, removeScript } from '../../infra/host/script.ts';
import { stepsOf } from '../../infra/host/steps.ts';
import { engineUnit, FIREWALL_UNIT, STATE_TIMER, STATE_UNIT, TUNNEL_UNIT } from '../../infra/host/units.ts';
import type { Wanted } from '../../infra/host/wanted.ts';

const WANTED: Wanted = {
  node: NODE,
  restic: RESTIC,
  release: { file: '/nowhere', sha256: 'ab'.repeat(32) },
  settings: { DUMONT_S3_BUCKET: 'hot', DUMONT_LOG: 'a "$quoted" `word` \\' },
  stateRepository: 's3:https://r2.example/state/control-host',
  stateKeepDays: 31,
  port: 7077,
  tunnel: true,
  healthSeconds: 60,
};
const SECRETS = {
  DUMONT_KEY: "it's a secret",
  STATE_ACCESS_KEY_ID: 'i',
  STATE_SECRET_ACCESS_KEY: 's',
  STATE_PASSWORD: 'p',
  TUNNEL_TOKEN: 't',
};

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'dumont-documents-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const canVerify = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!canVerify) console.warn('\nSKIPPED: units as systemd reads them; there is no systemd-analyze.\n');

test.skipIf(!canVerify)('systemd finds nothing wrong with the units', () => {
  const root = folder();
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const units = {
    'dumont.service': engineUnit(WANTED, ['DUMONT_KEY']),
    'dumont-tunnel.service': TUNNEL_UNIT,
    'dumont-firewall.service': FIREWALL_UNIT,
    'dumont-state.service': STATE_UNIT,
    'dumont-state.timer': STATE_TIMER,
  };
  for (const [name, text] of Object.entries(units)) put(`units/${name}`, withProgramsThatExist(text));
  const { status, stderr } = spawnSync('systemd-analyze', [
    ...['verify', '--man=no'],
    ...Object.keys(units).map((name) => join(root, 'units', name)),
  ]);
  expect([String(stderr), status]).toEqual(['', 0]);
});

/** What the unit starts is on the host, not here. */
function withProgramsThatExist(text: string): string {
  return text.replace(/^(Exec\w+=)\S+/gm, '$1/bin/true').replace(/^EnvironmentFile=.*$/m, '');
}

test('the engine is shut in, and its secrets are credentials of its own', () => {
  const unit = engineUnit(WANTED, ['DUMONT_KEY']);
  for (const line of [
    'User=dumont',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'Restart=always',
    'WatchdogSec=120',
    'NotifyAccess=all',
    'SystemCallFilter=@system-service',
  ])
    expect(unit.split('\n')).toContain(line);
  expect(unit).toContain('LoadCredential=DUMONT_KEY:/etc/dumont/current/credentials/DUMONT_KEY\n');
  expect(unit).not.toContain('MemoryDenyWriteExecute'); // Node compiles as it runs
  const { files } = bundle(WANTED, SECRETS);
  expect(files.map(({ path, mode }) => [path.split('/').slice(5).join('/'), mode])).toEqual([
    ['dumont.service', '0644'],
    ['engine.env', '0644'],
    ['credentials/DUMONT_KEY', '0600'],
  ]);
  expect(files[1]?.text).not.toContain('secret');
  expect(bundle(WANTED, { ...SECRETS, DUMONT_KEY: 'another' }).folder).not.toBe(bundle(WANTED, SECRETS).folder);
  expect(bundle(WANTED, { ...SECRETS, STATE_PASSWORD: 'another' }).folder).toBe(bundle(WANTED, SECRETS).folder);
});

test('settings with quotes and dollars arrive as they are', () => {
  const line = bundle(WANTED, SECRETS)
    .files[1]!.text.split('\n')
    .find((one) => one.startsWith('DUMONT_LOG='));
  expect(line).toBe('DUMONT_LOG="a \\"\\$quoted\\" \\`word\\` \\\\"');
});

test('in comes SSH on its ports, and nothing else', () => {
  const rules = FIREWALL.split('\n').map((line) => line.trim());
  expect(rules).toContain('type filter hook input priority filter; policy drop;');
  expect(rules.filter((line) => line.startsWith('tcp dport'))).toEqual([
    'tcp dport $ssh ct state new update @knocking4 { ip saddr limit rate over 30/minute burst 60 packets } drop',
    'tcp dport $ssh ct state new update @knocking6 { ip6 saddr limit rate over 30/minute burst 60 packets } drop',
    'tcp dport $ssh ct state new accept',
  ]);
});

test.each(['dash', 'bash'])('every script that goes to a host is read by %s without complaint', (shell) => {
  if (spawnSync(shell, ['-c', 'true']).status !== 0) return;
  for (const tunnel of [true, false]) {
    const steps = stepsOf({ ...WANTED, tunnel }, SECRETS);
    for (const script of [
      lookScript(steps),
      makeScript(steps, 'one'),
      confirmScript('one'),
      removeScript(true, 'one'),
      removeScript(false, 'one'),
    ])
      execFileSync(shell, ['-n'], { input: script });
  }
});

test('no script names a secret where anybody else could see it', () => {
  const script = makeScript(stepsOf(WANTED, SECRETS), 'one');
  expect(script).not.toContain("it's a secret");
  expect(script).toContain(Buffer.from("it's a secret").toString('base64'));
  expect(lookScript(stepsOf(WANTED, SECRETS)).split('main() {')[1]).not.toContain('base64');
});
