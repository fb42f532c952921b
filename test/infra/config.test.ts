import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../engine/process/config.ts';
import { Keys, readSettings, SECRET_NAMES, SECRETS, type SecretName } from '../../infra/config.ts';

const STACK = { project: 'dumont', name: 'prod' };
const ACCOUNT = { accountId: '0123456789abcdef0123456789abcdef' };
const HOST = { ...ACCOUNT, host: '192.0.2.7', hostKey: `SHA256:${'A'.repeat(43)}` };
const none = { given: [], open: [] };
const withPassword = { given: ['statePassword'], open: [] } as const satisfies {
  given: SecretName[];
  open: SecretName[];
};

test('Pulumi.yaml lists exactly the keys that the program reads, with the same defaults', () => {
  const file = parse(readFileSync(join(import.meta.dirname, '../../Pulumi.yaml'), 'utf8'));
  expect(Object.keys(file.config).toSorted()).toEqual(Object.keys(Keys.shape).toSorted());
  const defaults = Object.entries(file.config as Record<string, { default: unknown }>);
  const spoken = Object.fromEntries(defaults.map(([key, value]) => [key, String(value.default)]));
  expect(readSettings(STACK, { ...spoken, ...ACCOUNT }, none)).toEqual(readSettings(STACK, ACCOUNT, none));
  for (const [key, { description }] of Object.entries(file.config as Record<string, { description: string }>))
    expect([key, description.length > 10]).toEqual([key, true]);
  for (const name of SECRET_NAMES)
    expect(readFileSync(join(import.meta.dirname, '../../Pulumi.yaml'), 'utf8')).toContain(`#   ${name} `);
});

test('a host brings its port, its user and its key', () => {
  expect(readSettings(STACK, HOST, withPassword).host).toEqual({
    address: { host: '192.0.2.7', port: 22 },
    hostKey: HOST.hostKey,
    user: 'root',
    sshKeyFile: null,
    release: '.dumont/release.tgz',
    public: null,
  });
});

test.each([
  [{}, 'accountId: is needed'],
  [{ accountId: 'my-account' }, '32 hexadecimal digits'],
  [{ ...ACCOUNT, location: 'moon' }, 'location: expected one of apac'],
  [{ ...ACCOUNT, jurisdiction: 'br' }, 'jurisdiction: expected one of default'],
  [{ ...ACCOUNT, lockDays: '-1' }, 'lockDays: expected a whole number from 1'],
  [{ ...HOST, hostKey: 'aa:bb' }, 'hostKey: expected a fingerprint'],
  [{ ...HOST, host: 'root@192.0.2.7' }, 'without a user or a port'],
  [{ ...HOST, hostPort: '0' }, 'hostPort: expected a whole number from 1 to 65535'],
  [{ ...HOST, hostname: 'dumont.example.com' }, 'either both or none'],
  [{ ...ACCOUNT, hostname: 'dumont.example.com', zoneId: ACCOUNT.accountId }, 'none is given in host'],
  [{ ...HOST, hostname: 'dumont.example.com', zoneId: ACCOUNT.accountId }, 'tunnelSecret: is needed with hostname'],
  [{ ...ACCOUNT, adopt: 'perhaps' }, 'adopt: expected true or false'],
  [{ ...HOST, hostUser: 'Ana Maria' }, 'hostUser: expected the name of a user'],
  [{ ...HOST, zoneId: 'example.com' }, 'zoneId: expected the zone’s 32 hexadecimal digits'],
  [{ ...HOST, hostname: 'https://dumont.example.com/' }, 'hostname: expected a name such as dumont.example.com'],
  [{ ...HOST, hostKey: '' }, 'hostKey: is needed with host'],
  [{ ...ACCOUNT, settings: 'much' }, 'settings: expected names and values'],
  [{ ...ACCOUNT, settings: '{"IDLE":1}' }, 'settings.IDLE: expected the name of a setting of the engine'],
  [{ ...ACCOUNT, settings: '{"DUMONT_S3_BUCKET":"mine"}' }, 'settings.DUMONT_S3_BUCKET: is set by "pulumi up" itself'],
  [{ ...ACCOUNT, settings: '{"DUMONT_DISCORD_TOKEN":"x"}' }, 'settings.DUMONT_DISCORD_TOKEN: would lie open'],
])('%j is told in words', (values, why) => {
  expect(() => readSettings(STACK, values, withPassword)).toThrow(why);
});

test('settings of the engine go by their own names; secrets are settings of it too', () => {
  const settings = '{"DUMONT_IDLE_SECONDS":600,"DUMONT_PLAN":"pro"}';
  expect(readSettings(STACK, { ...ACCOUNT, settings }, none).engine).toEqual({
    DUMONT_IDLE_SECONDS: '600',
    DUMONT_PLAN: 'pro',
  });
  const variables = Object.values(SECRETS).filter((name) => name !== null);
  const given = Object.fromEntries(variables.map((name) => [name, 'x']));
  expect(() => readConfig({ ...given, DUMONT_NONSENSE: 'x' })).toThrow(
    expect.objectContaining({
      message: expect.not.stringMatching(new RegExp(`(${variables.join('|')}): there is no`)),
    }),
  );
});

test('every mistake is told at once', () => {
  const wrong = { accountId: 'x', lockDays: 'many', host: 'h', hostKey: '' };
  const told = (): unknown =>
    readSettings({ project: 'dumont', name: 'Prod' }, wrong, { given: ['discordToken'], open: ['discordToken'] });
  for (const word of [
    'accountId',
    'lockDays',
    'hostKey: is needed',
    'statePassword',
    'discordToken: lies open',
    'the stack "Prod"',
  ])
    expect(told).toThrow(word);
});
