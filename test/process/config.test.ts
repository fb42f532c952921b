import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { STORAGE_PRICES } from '../../engine/domain/storage-prices.ts';
import { readConfig } from '../../engine/process/config.ts';
import { withCredentials } from '../../engine/process/credentials.ts';

test('nothing set means one computer, no account, and defaults', () => {
  const config = readConfig({});
  expect(config.storage).toBeNull();
  expect(config.settings.race).toMatchObject({ batch: 5, rounds: 3, roundMs: 9_000, hedged: false });
});

test('every mistake in the environment is reported at once', () => {
  const wrong = { DUMONT_PORT: 'ninety', DUMONT_BATCH: '0', DUMONT_CAP_DOLARS: '3' };
  expect(() => readConfig(wrong)).toThrow(
    /DUMONT_CAP_DOLARS: there is no such setting[\s\S]*DUMONT_PORT: expected a whole number from 0 to 65535, not "ninety"[\s\S]*DUMONT_BATCH/,
  );
});

test('storage costs what its service asks, or what one says oneself; on this computer nothing', () => {
  const at = (endpoint: string, over: Record<string, string> = {}) => {
    const account = { DUMONT_S3_BUCKET: 'b', DUMONT_S3_ACCESS_KEY_ID: 'a', DUMONT_S3_SECRET_ACCESS_KEY: 's' };
    return readConfig({ DUMONT_S3_ENDPOINT: endpoint, ...account, ...over }).settings.storagePrices.here;
  };
  expect(readConfig({}).settings.storagePrices.here).toBe(STORAGE_PRICES.none);
  expect(readConfig({}).settings.prices, 'for estimates').toBe(STORAGE_PRICES.r2);
  expect(at('https://abc.r2.cloudflarestorage.com')).toBe(STORAGE_PRICES.r2);
  expect(at('https://s3.eu-west-1.amazonaws.com')).toBe(STORAGE_PRICES.s3);
  expect(at('https://s3.us-west-004.backblazeb2.com')).toBe(STORAGE_PRICES.b2);
  expect(at('https://minio.test', { DUMONT_S3_PRICES: 'none' })).toBe(STORAGE_PRICES.none);
  expect(at('https://minio.test', { DUMONT_S3_PRICES: '0.02, 5, 0.4' })).toMatchObject({
    microPerGbMonth: 20_000,
    microPerA: 5,
    microPerB: 0.4,
    microPerGbOut: 0,
  });
  for (const wrong of ['gold', '1', '1,2,x', '1,2,3,4,5', '-1,2,3'])
    expect(() => at('https://minio.test', { DUMONT_S3_PRICES: wrong }), wrong).toThrow('DUMONT_S3_PRICES: expected r2');
});

test('half a storage account is a mistake that names the other half', () => {
  expect(() => readConfig({ DUMONT_S3_ENDPOINT: 'https://storage.test' })).toThrow(
    /DUMONT_S3_BUCKET, DUMONT_S3_ACCESS_KEY_ID/,
  );
});

test('a secret does not print itself', () => {
  const { storage } = readConfig({
    DUMONT_S3_ENDPOINT: 'https://storage.test',
    DUMONT_S3_BUCKET: 'hot',
    DUMONT_S3_ACCESS_KEY_ID: 'id',
    DUMONT_S3_SECRET_ACCESS_KEY: 'hunter2',
  });
  expect(JSON.stringify(storage)).not.toContain('hunter2');
  expect(`${storage?.secretAccessKey}`).toBe('[secret]');
  expect(storage?.secretAccessKey.reveal()).toBe('hunter2');
});

test('what systemd hands over as files counts as settings, and is read nowhere else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-credentials-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'DUMONT_S3_SECRET_ACCESS_KEY'), 'hunter2\n');
  writeFileSync(join(folder, 'other'), 'x');
  const given = { DUMONT_PORT: '7', CREDENTIALS_DIRECTORY: folder };
  expect(withCredentials(given)).toEqual({ ...given, DUMONT_S3_SECRET_ACCESS_KEY: 'hunter2' });
  expect(withCredentials({ DUMONT_PORT: '7' })).toEqual({ DUMONT_PORT: '7' });
  expect(() => withCredentials({ CREDENTIALS_DIRECTORY: join(folder, 'nowhere') })).toThrow('CREDENTIALS_DIRECTORY');
});

test('with an account at a marketplace nothing goes at the pace of the local one any more', () => {
  const s3 = { DUMONT_S3_ENDPOINT: 'https://storage.test', DUMONT_S3_BUCKET: 'hot', DUMONT_S3_ACCESS_KEY_ID: 'id' };
  const config = readConfig({ ...s3, DUMONT_S3_SECRET_ACCESS_KEY: 'hunter2', DUMONT_RUNPOD_KEY: 'rpa_hunter2' });
  expect(config.settings.release.proofGapMs).toBe(60_000);
  expect(config.marketplaces.runpod?.api).toBe('https://api.runpod.io');
  expect(JSON.stringify(config)).not.toContain('hunter2');
});

test('machines elsewhere need storage that they can reach; a stand-in beside us does not', () => {
  expect(() => readConfig({ DUMONT_RUNPOD_KEY: 'k' })).toThrow(/DUMONT_RUNPOD_KEY: .*set DUMONT_S3_ENDPOINT/);
  const ours = { DUMONT_S3_ENDPOINT: 'http://localhost:9000', DUMONT_S3_BUCKET: 'hot', DUMONT_S3_ACCESS_KEY_ID: 'id' };
  expect(() => readConfig({ ...ours, DUMONT_S3_SECRET_ACCESS_KEY: 's', DUMONT_VAST_KEY: 'k' })).toThrow(
    /DUMONT_VAST_KEY: rented machines cannot reach storage on this computer/,
  );
  const beside = { DUMONT_RUNPOD_KEY: 'k', DUMONT_RUNPOD_API: 'http://127.0.0.1:7078/' };
  expect(readConfig(beside).marketplaces.runpod?.api).toBe('http://127.0.0.1:7078');
});

test('what rented machines run comes from here, so it has to fit them', () => {
  const storage = {
    DUMONT_S3_ENDPOINT: 'https://s3.example.com',
    DUMONT_S3_BUCKET: 'b',
    DUMONT_S3_ACCESS_KEY_ID: 'id',
    DUMONT_S3_SECRET_ACCESS_KEY: 'secret',
  };
  const far = { DUMONT_VAST_KEY: 'k', ...storage };
  expect(() => readConfig(far, 'linux-arm64')).toThrow(/DUMONT_VAST_KEY: .*linux-x64.*linux-arm64/);
  expect(readConfig(far, 'linux-x64').marketplaces.vast).not.toBeNull();
  expect(readConfig({}, 'darwin-arm64').marketplaces.vast).toBeNull();
});

test('what the command line reads may be set in the same shell', () => {
  const there = { DUMONT_URL: 'http://127.0.0.1:1', DUMONT_TOKEN: 't', DUMONT_PROFILE: 'work' };
  expect(readConfig(there).port).toBe(7077);
});

test('a race hedges when it is told to, and at vast time goes at its real pace', () => {
  const api = { DUMONT_VAST_KEY: 'k', DUMONT_VAST_API: 'http://127.0.0.1:7079/' };
  const { marketplaces, settings } = readConfig({ ...api, DUMONT_HEDGED: 'yes', DUMONT_BATCH: '3' });
  expect(marketplaces.vast?.api).toBe('http://127.0.0.1:7079');
  expect(settings.race).toMatchObject({ hedged: true, batch: 3, roundMs: 90_000 });
  expect(() => readConfig({ DUMONT_VAST_KEY: 'k' })).toThrow(/DUMONT_VAST_KEY: rented machines cannot reach storage/);
});
