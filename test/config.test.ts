import { expect, test } from 'vitest';
import { readConfig } from '../engine/config.ts';

test('nothing set means one computer, no account, and defaults', () => {
  const config = readConfig({});
  expect(config.storage).toBeNull();
  expect(config.settings.race).toMatchObject({ batch: 5, rounds: 3, roundMs: 9_000 });
});

test('every mistake in the environment is reported at once', () => {
  const wrong = { DUMONT_PORT: 'ninety', DUMONT_BATCH: '0', DUMONT_CAP_DOLARS: '3' };
  expect(() => readConfig(wrong)).toThrow(
    /DUMONT_CAP_DOLARS: there is no such setting[\s\S]*DUMONT_PORT: expected a whole number from 0 to 65535, not "ninety"[\s\S]*DUMONT_BATCH/,
  );
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
