import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { vaultLocks } from '../../infra/storage/rules.ts';
import { bucketKey } from '../standins/cloudflare/account.ts';
import { hidesOne, type Json, revealed } from '../standins/pulumi/secrets.ts';
import { programWorld } from './program-world.ts';

vi.setConfig({ testTimeout: 120_000 }); // each run of the program is a start of Pulumi's SDK

test('a stack for development: buckets that nothing removes, a key for each, and nothing to do the second time', async () => {
  await using world = await programWorld({ location: 'weur', jurisdiction: 'eu' });
  const { account, program, config } = world;
  const { errors, outputs, did } = await program.up();
  expect(errors).toEqual([]);
  expect(new Set(Object.values(did))).toEqual(new Set(['create']));

  const rows = [...program.rows.values()];
  const buckets = rows.filter(({ type }) => type.endsWith(':R2Bucket'));
  expect(buckets.map(({ name, protect, retain }) => [name, protect, retain]).toSorted()).toEqual([
    ['hot', true, true],
    ['state', true, true],
    ['vault', true, true],
  ]);
  for (const { inputs, type } of rows.filter((row) => /:R2Bucket/.test(row.type)))
    expect([type, inputs.jurisdiction]).toEqual([type, 'eu']);

  const vault = account.buckets.get(bucketKey('eu', 'dumont-test-vault'))!;
  expect(vault.locks).toEqual(vaultLocks(30));
  expect(vault.location).toBe('WEUR');
  expect(account.buckets.get(bucketKey('eu', 'dumont-test-hot'))?.locks).toEqual([]);
  expect(vault.lifecycle?.map(({ conditions }) => conditions)).toEqual([{ prefix: '' }]);

  // A key reaches one bucket, and is what Cloudflare's S3 makes of its token.
  const token = [...account.tokens.values()].find(({ name }) => name === 'dumont-test-engine')!;
  expect(token.policies.map(({ permission_groups, resources }) => [permission_groups, resources])).toEqual([
    [
      [{ id: '2efd5506f9c8494dacb1fa10a3e7d5b6', name: 'Workers R2 Storage Bucket Item Write' }],
      {
        [`com.cloudflare.edge.r2.bucket.${account.id}_eu_dumont-test-hot`]: '*',
        [`com.cloudflare.edge.r2.bucket.${account.id}_eu_dumont-test-vault`]: '*',
      },
    ],
  ]);
  const secrets = revealed(outputs.engineSecrets ?? null);
  const secret = createHash('sha256').update(token.value).digest('hex');
  expect(secrets).toMatchObject({ DUMONT_S3_SECRET_ACCESS_KEY: secret });
  expect(outputs.engineSettings).toMatchObject({
    DUMONT_S3_ENDPOINT: `https://${account.id}.eu.r2.cloudflarestorage.com`,
    DUMONT_S3_ACCESS_KEY_ID: token.id,
  });

  // Nothing that is secret stands open anywhere in what Pulumi would keep.
  expect(hidesOne(outputs.engineSecrets) && hidesOne(outputs.environment)).toBe(true);
  const open = JSON.stringify([rows.map((row) => [shown(row.inputs), shown(row.outputs)]), shown(outputs)]);
  for (const { value, name } of account.tokens.values())
    if (name !== 'made by hand') {
      expect(open).not.toContain(value);
      expect(open).not.toContain(createHash('sha256').update(value).digest('hex'));
    }

  expect(new Set(Object.values((await program.up()).did))).toEqual(new Set(['same']));

  await expect(program.destroy()).rejects.toThrow('is protected');
  const gone = await program.destroy({ unprotect: true });
  expect(gone).toMatchObject({ 'R2Bucket vault': 'forget', 'AccountToken engine': 'delete' });
  expect(account.buckets.get(bucketKey('eu', 'dumont-test-vault'))?.locks).toEqual(vaultLocks(30));
  expect([...account.tokens.values()].map(({ name }) => name)).toEqual(['made by hand']);

  // Set up anew, as on another computer, it takes over what stayed, and makes what did not.
  account.buckets.delete(bucketKey('eu', 'dumont-test-state'));
  const again = await program.up({ config: config({ accountId: account.id, jurisdiction: 'eu', adopt: 'true' }) });
  expect(again.errors).toEqual([]);
  expect(again.did).toMatchObject({
    'R2Bucket hot': 'import',
    'R2Bucket vault': 'import',
    'R2Bucket state': 'create',
    'AccountToken engine': 'create',
  });
});

test('a preview makes nothing; what is wrong is told at once, before anything is touched', async () => {
  await using world = await programWorld();
  const { account, program, config } = world;
  expect((await program.preview()).errors).toEqual([]);
  expect(account.asked.filter((one) => !one.startsWith('GET '))).toEqual([]);

  const asked = account.asked.length;
  const wrong = { accountId: 'mine', lockDays: '0', host: '192.0.2.7', discordToken: 'x' };
  const { code, errors } = await program.up({ config: config(wrong) });
  expect(code).not.toBe(0);
  for (const word of ['accountId', 'lockDays', 'hostKey', 'statePassword: is needed', 'discordToken: lies open'])
    expect(errors[0]).toContain(word);
  expect(account.asked.length).toBe(asked);
});

/** All that is not marked as secret. */
function shown(value: Json | undefined): Json {
  if (hidesOne(value)) {
    if (Array.isArray(value)) return value.map(shown);
    const inner = Object.entries(value as { [name: string]: Json });
    return inner.some(([, one]) => one === '1b47061264138c4ac30d75fd1eb44270')
      ? '[secret]'
      : Object.fromEntries(inner.map(([name, one]) => [name, shown(one)]));
  }
  return value ?? null;
}
