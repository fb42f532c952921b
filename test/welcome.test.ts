import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { welcome } from '../engine/welcome.ts';

const FIRST = { name: 'ana', password: 'password-once', recoveryKey: 'recovery-once' };

function place() {
  const home = mkdtempSync(join(tmpdir(), 'dumont-welcome-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const config = { home, storage: null, local: { seed: 's', timeScale: 1 } };
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
