import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { freshKey, ownKey } from '../../engine/ssh/own-key.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'dumont-key-'));
  onTestFinished(async () => await rm(path, { recursive: true }));
  return join(path, 'keys');
}

test('the key is made once, and only its owner can read it', async () => {
  const at = folder();
  const key = await ownKey(at);
  expect(key.publicKey).toMatch(/^ssh-ed25519 AAAA[\w+/=]+ dumont$/);
  expect((await stat(key.file)).mode & 0o777).toBe(0o600);
  expect((await stat(at)).mode & 0o777).toBe(0o700);
  expect(await ownKey(at)).toEqual(key);
});

test('two engines that start at the same moment agree on one key', async () => {
  const at = folder();
  const keys = await Promise.all(Array.from({ length: 8 }, async () => await ownKey(at)));
  expect(new Set(keys.map((key) => key.publicKey)).size).toBe(1);
  expect(await readFile(join(at, 'id_ed25519.pub'), 'utf8')).toBe(`${keys[0]?.publicKey}\n`);
});

test('ssh-keygen reads both halves as the same key', async () => {
  const key = await ownKey(folder());
  const derived = execFileSync('ssh-keygen', ['-y', '-f', key.file], { encoding: 'utf8' });
  expect(key.publicKey).toContain(derived.trim().split(' ')[1]);
});

test('every key that is made can be read, those too whose public half begins with a zero', () => {
  const lengths = Array.from({ length: 1_000 }, () => {
    const parsed = ssh2.utils.parseKey(freshKey('many'));
    return parsed instanceof Error ? 0 : parsed.getPublicSSH().length;
  });
  expect(new Set(lengths)).toEqual(new Set([4 + 'ssh-ed25519'.length + 4 + 32]));
});

test('a damaged key file is named, and not replaced', async () => {
  const at = folder();
  const { file } = await ownKey(at);
  await writeFile(file, 'not a key');
  await expect(ownKey(at)).rejects.toMatchObject({ code: 'bad_setting', message: expect.stringContaining(file) });
  expect(await readFile(file, 'utf8')).toBe('not a key');
});
