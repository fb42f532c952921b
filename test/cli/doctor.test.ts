import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { copiesFinding } from '../../engine/doctor/checks.ts';
import { readMasterKey } from '../../engine/storage/master-key.ts';
import { recoveryKeyIn } from '../../engine/storage/recovery-key.ts';
import { vaultLocks } from '../../infra/storage/rules.ts';
import { clientOf } from '../contracts/storage-client.ts';
import { served } from '../http/served.ts';
import { ROOT, type StorageWorld, storageWorld } from '../storage/storage-world.ts';
import { run } from './dumont.ts';

async function looked(change: (world: StorageWorld) => Promise<unknown>, more: Record<string, string> = {}) {
  const house = await served({ names: ['lab'] });
  onTestFinished(async () => await house[Symbol.asyncDispose]());
  const world = await storageWorld({ buckets: ['hot', 'vault'] });
  onTestFinished(async () => await world[Symbol.asyncDispose]());
  await change(world);
  const env = {
    DUMONT_S3_ENDPOINT: world.storage.endpoint,
    DUMONT_S3_BUCKET: 'hot',
    DUMONT_S3_VAULT_BUCKET: 'vault',
    DUMONT_S3_ACCESS_KEY_ID: ROOT.accessKeyId,
    DUMONT_S3_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    ...more,
  };
  const { code, out, err } = await run(house.home, ['doctor', '--json'], { env });
  const findings = (out === '' ? [] : JSON.parse(out).findings) as {
    name: string;
    ok: boolean;
    say: string;
    mend: string;
  }[];
  return {
    code,
    err,
    of: (name: string) => findings.find((one) => one.name === name),
    bad: findings.filter(({ ok }) => !ok).map(({ name }) => name),
  };
}

test('everything that was promised is looked at, twice without harm', async () => {
  const { code, err, of, bad } = await looked((world) => world.storage.setLocks('vault', vaultLocks(30)));
  expect([err, bad, code]).toEqual(['', [], 0]);
  for (const name of ['engine', 'store', 'disk', 'credentials', 'scope', 'locks', 'clock'])
    expect([name, of(name)?.ok]).toEqual([name, true]);
});

test('what was put there once, and is held no longer, is no sign that the vault holds nothing', async () => {
  const { of } = await looked(async (world) => {
    await world.storage.setLocks('vault', vaultLocks(30));
    world.clock.aheadMs = -31 * 86_400_000;
    const client = clientOf(world.place('vault'), { systemClockOffset: world.clock.aheadMs });
    await client.send(new PutObjectCommand({ Bucket: 'vault', Key: 'doctor/locked', Body: 'held' }));
    client.destroy();
    world.clock.aheadMs = 0;
  });
  expect(of('locks')).toMatchObject({ ok: true });
});

test.each([
  ['a vault without its lock', 'locks', 'history is not protected', 'pulumi up', async () => undefined, {}],
  [
    'a key that was revoked',
    'credentials',
    'hot refuses',
    'makes a key',
    async () => undefined,
    { DUMONT_S3_SECRET_ACCESS_KEY: 'old' },
  ],
  [
    'storage that is not there',
    'endpoint',
    'does not answer',
    'curl',
    async () => undefined,
    { DUMONT_S3_ENDPOINT: 'http://127.0.0.1:1' },
  ],
  [
    'a tunnel that leads nowhere',
    'tunnel',
    'does not answer',
    'dumont-tunnel',
    async () => undefined,
    { DUMONT_PUBLIC_URL: 'http://127.0.0.1:1' },
  ],
  ['half the settings', 'settings', 'DUMONT_S3_BUCKET', 'Mend them', async () => undefined, { DUMONT_S3_BUCKET: '' }],
])('%s is found, with what mends it', async (_, name, say, mend, change, more) => {
  const { code, of } = await looked(change, more);
  expect(code).toBe(69);
  expect(of(name)).toMatchObject({ ok: false, say: expect.stringContaining(say), mend: expect.stringContaining(mend) });
});

test('each part that the engine cannot reach is told with what mends that part', async () => {
  await using house = await served({ names: ['lab'] });
  const bad = (name: string) => ({ name, ok: false, say: 'refuses' });
  Object.assign(house.engine, { health: async () => ['store', 'storage', 'discord', 'vast'].map(bad) });
  const { code, out } = await run(house.home, ['doctor']);
  expect(code).toBe(69);
  for (const mend of [
    'store: Look at the disk',
    'storage: What',
    'discord: If its token',
    'vast: Look whether its key',
  ])
    expect(out).toContain(mend);
});

test('an engine that does not run is said to be down', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dumont-doctor-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const { code, out } = await run(join(home, 'not-made-yet'), ['doctor']);
  expect(code).toBe(69);
  expect(out).toMatch(/engine +NOT WELL/);
  expect(out).toContain('systemctl status dumont');
});

test('copies of the state that stopped are found; where none are made nothing is said', () => {
  const kept = mkdtempSync(join(tmpdir(), 'dumont-doctor-'));
  onTestFinished(() => rmSync(kept, { recursive: true }));
  const after = (hours: number) => copiesFinding(kept, () => Date.now() + hours * 3_600_000);
  expect(after(9)).toEqual([]);
  for (const note of ['state-looked-for', 'state-copied']) {
    writeFileSync(join(kept, note), '');
    expect(after(2)).toMatchObject([{ name: 'state', ok: true }]);
    expect(after(4)).toMatchObject([{ ok: false, say: expect.stringContaining('not copied away for 240 min') }]);
  }
});

test('the recovery key is asked for until somebody typed it; what is no key, or another one, is said', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dumont-doctor-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const file = join(home, 'master.key');
  const finding = async () => {
    const { out } = await run(home, ['doctor', '--json']);
    return (JSON.parse(out).findings as { name: string; ok: boolean }[]).find(({ name }) => name === 'recovery key');
  };
  expect(await run(home, ['key', 'confirm'], { input: 'x\n' })).toMatchObject({
    code: 78,
    err: expect.stringContaining('there is no master key'),
  });
  await readMasterKey(file);
  expect(await finding()).toMatchObject({ ok: false, mend: expect.stringContaining('dumont key confirm') });
  for (const [typed, code, say] of [
    ['no key', 65, 'This is no recovery key: "!" is in no recovery key'],
    ['f'.repeat(64), 77, 'not the one that counts here'],
  ] as const) {
    const input = `${typed === 'no key' ? 'n0!' : typed}\n`;
    expect(await run(home, ['key', 'confirm'], { input })).toMatchObject({ code, err: expect.stringContaining(say) });
  }
  expect(await run(home, ['key', 'confirm'], { input: `${await recoveryKeyIn(file)}\n` })).toMatchObject({ code: 0 });
  expect(await finding()).toMatchObject({ ok: true });

  const wrong = await run(home, ['key', 'rotate'], { input: `${await recoveryKeyIn(file)}\n` });
  expect(wrong).toMatchObject({ code: 77, out: expect.stringContaining('The new recovery key is ') });
  const fresh = /recovery key is (\S+)/.exec(wrong.out)?.[1] ?? '';
  expect(await run(home, ['key', 'rotate'], { input: `${fresh}\n` })).toMatchObject({
    code: 0,
    out: expect.stringContaining('Confirmed. Start the engine anew'),
  });
  expect(await run(home, ['key', 'rotate'])).toMatchObject({ code: 0, out: expect.stringContaining('already') });
});
