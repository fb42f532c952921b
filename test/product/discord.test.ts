import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDumont } from '../../engine/main.ts';
import { readConfig } from '../../engine/process/config.ts';
import { EVERYBODY, openStandin, type Standin } from '../standins/discord/standin.ts';

// biome-ignore lint/style/noProcessEnv: the global setup says here which restic the tests use.
const { DUMONT_RESTIC, PATH } = process.env;

async function settings(standin: Standin, opening: AsyncDisposableStack) {
  const home = await mkdtemp(join(tmpdir(), 'dumont-product-'));
  opening.defer(() => rm(home, { recursive: true, force: true }));
  return {
    DUMONT_HOME: home,
    DUMONT_PORT: '0',
    DUMONT_BATCH: '3',
    DUMONT_LOCAL_SPEED: '60',
    DUMONT_ROUND_SECONDS: '20',
    DUMONT_DISCORD_TOKEN: standin.token,
    DUMONT_DISCORD_API: standin.api,
    DUMONT_RESTIC,
    PATH,
  };
}

test.skipIf(!DUMONT_RESTIC)(
  'from Discord: an account is linked, real machines race, the panel has an SSH line, and the workspace sleeps again',
  { timeout: 360_000 },
  async () => {
    await using opening = new AsyncDisposableStack();
    const standin = opening.use(await openStandin());
    const guild = standin.guild();
    const ops = standin.channel(guild, 'ops');
    const ana = standin.person('ana');
    const config = readConfig(await settings(standin, opening));
    await using dumont = await openDumont(config, () => undefined);
    try {
      await standin.until(() => standin.state.commands.length > 0 && standin.gateway.connected > 0, 10_000, 'the bot');
      expect(dumont.bot).toBe('mute');
      expect(await dumont.engine.health()).toContainEqual({
        name: 'discord',
        ok: false,
        say: expect.stringContaining('no channel is set'),
        mend: expect.stringContaining('/settings channel:'),
      });
      const { code } = await linkCode(dumont.url, dumont.first?.password ?? '');
      expect((await standin.answered(standin.run(ana, ops, 'link', { code }))).content).toContain('You are **admin**');
      await standin.answered(
        standin.run({ ...ana, permissions: EVERYBODY | (1n << 5n) }, ops, 'settings', { channel: ops }),
      );
      expect(await dumont.engine.health()).toContainEqual({ name: 'discord', ok: true, say: 'connected' });
      await standin.answered(standin.run(ana, ops, 'machine create', { workspace: 'lab' }));
      await standin.answered(standin.run(ana, ops, 'wake', { workspace: 'lab' }));
      const awake = await standin.until(
        () => standin.messages(ops).find(({ message }) => message.content.startsWith('✅ **lab** is awake')),
        180_000,
        'lab is awake',
      );
      const [embed] = awake.message.embeds;
      expect(embed?.description).toMatch(/✓ .* running .*\$[\d.]+\/h/);
      expect(embed?.description).toMatch(/dumont ssh lab\nssh -p \d+ root@127\.0\.0\.1/);
      expect(embed?.fields?.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['Usable after', 'Complete', 'Waste']),
      );
      expect(awake.message.attachments).toMatchObject([{ filename: 'race.png' }]);
      await standin.answered(standin.press(ana, { channel: ops, message: awake.message.id }, 'Hibernate'));
      await standin.until(
        () =>
          standin
            .messages(ops)
            .find(({ message }) => message.embeds[0]?.title === 'hibernate lab' && message.content.startsWith('✅')),
        120_000,
        'lab sleeps',
      );
      expect(standin.state.seen.filter(({ status }) => status >= 400)).toEqual([]);
      expect(standin.state.wrong).toEqual([]);
    } finally {
      await dumont.local.endAll();
    }
  },
);

test.skipIf(!DUMONT_RESTIC)(
  'a connection that never heals ends the process, so that whoever watches it knows',
  { timeout: 60_000 },
  async () => {
    await using opening = new AsyncDisposableStack();
    const standin = opening.use(await openStandin());
    const env = Object.fromEntries(
      Object.entries(await settings(standin, opening)).filter(([, value]) => value !== undefined),
    );
    const child = spawn(process.execPath, ['engine/main.ts'], {
      cwd: join(import.meta.dirname, '..', '..'),
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    opening.defer(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const ended = once(child, 'exit');
    await standin.until(() => standin.gateway.connected > 0, 30_000, `the bot: ${said}`);
    await standin.until(() => standin.state.commands.length > 0);
    standin.gateway.close(4014);
    expect(await ended).toEqual([78, null]);
    expect(said).toContain('Discord refused: it does not allow these intents.');
  },
);

async function linkCode(url: string, password: string): Promise<{ code: string }> {
  const post = async (path: string, body: object, word = '') => {
    const headers = { 'Content-Type': 'application/json', ...(word && { Authorization: `Bearer ${word}` }) };
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (await response.json()) as { access_token: string; code: string };
  };
  const { access_token: word } = await post('/api/v1/auth/login', { name: 'admin', password });
  return await post('/api/v1/me/discord-code', {}, word);
}
