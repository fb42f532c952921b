import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { MarketplaceAccounts } from '../engine/domain/marketplace-account.ts';
import { Secret } from '../engine/domain/secret.ts';
import { welcome } from '../engine/welcome.ts';

const FIRST = { name: 'ana', password: 'password-once', recoveryKey: 'recovery-once' };

const LOCAL = { vast: null, runpod: null, gcp: null };

function place() {
  const home = mkdtempSync(join(tmpdir(), 'dumont-welcome-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const config = { home, storage: null, local: { seed: 's', timeScale: 10 }, marketplaces: LOCAL };
  const say = async (first: typeof FIRST | null, isSeen: boolean) =>
    await welcome({ url: 'http://127.0.0.1:1', first, bot: 'none' }, config, isSeen);
  return { home, config, file: join(home, 'first-login.txt'), say };
}

test('whoever sits in front reads the first password and the recovery key, and no file holds them', async () => {
  const { home, say } = place();
  const said = await say(FIRST, true);
  for (const secret of [FIRST.password, FIRST.recoveryKey]) expect(said).toContain(secret);
  expect(readdirSync(home)).toEqual([]);
});

test('where nobody sits in front they are in a file for its owner alone, and only its path is said', async () => {
  const { file, say } = place();
  const said = await say(FIRST, false);
  expect(said).toContain(file);
  for (const secret of [FIRST.password, FIRST.recoveryKey]) {
    expect(said).not.toContain(secret);
    expect(readFileSync(file, 'utf8')).toContain(secret);
  }
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('what an earlier start left is not written over: another recovery key may be in it', async () => {
  const { home, file, say } = place();
  await say({ ...FIRST, recoveryKey: 'recovery-before' }, false);
  const said = await say(FIRST, false);
  expect(readFileSync(file, 'utf8')).toContain('recovery-before');
  expect(said).toContain('first-login-2.txt');
  expect(readFileSync(join(home, 'first-login-2.txt'), 'utf8')).toContain(FIRST.recoveryKey);
});

test('a bot that can warn nobody is no secret', async () => {
  const { config } = place();
  const said = async (bot: 'none' | 'mute' | 'well') => await welcome({ url: '', first: null, bot }, config, false);
  expect(await said('mute')).toContain('nobody hears of warnings and alerts');
  expect(await said('well')).not.toContain('nobody hears');
  expect(await said('none')).toContain('npx dumont discord setup');
});

test('later starts say nothing of it', async () => {
  const { home, say } = place();
  expect(await say(null, false)).not.toContain('recovery');
  expect(readdirSync(home)).toEqual([]);
});

test('whoever starts it reads where machines are rented, and that this costs real money where it does', async () => {
  const { config } = place();
  const key = new Secret('key-of-an-account');
  const account = { key, api: 'https://marketplace.test' };
  const google = { ...account, zones: [], machineType: 'e2-standard-4' };
  const said = async (marketplaces: Partial<MarketplaceAccounts>) =>
    await welcome(
      { url: '', first: null, bot: 'none' },
      { ...config, marketplaces: { ...LOCAL, ...marketplaces } },
      false,
    );
  const local = 'Marketplace: local, 10 times faster than real ones.';
  expect(await said({})).toContain(local);
  expect(await said({})).not.toContain('real money');
  const both = await said({ vast: account, runpod: account });
  expect(both).toContain('Marketplace: vast.ai and RunPod; every wake rents there and costs real money.');
  expect(both).not.toContain('Marketplace: local');
  const standbys = await said({ gcp: google });
  expect(standbys).toContain(`${local} Standbys are rented at Google Cloud and cost real money.`);
  expect(await said({ runpod: account, gcp: google })).toContain(
    'RunPod; every wake rents there and costs real money.',
  );
});
