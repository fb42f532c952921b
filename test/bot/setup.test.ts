import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inviteLink } from '../../bot/setup/set-up.ts';
import type { HealthPart } from '../../engine/domain/doors.ts';
import { run } from '../cli/dumont.ts';
import { served } from '../http/served.ts';
import { openStandin } from '../standins/discord/standin.ts';

async function desk() {
  const standin = await openStandin();
  const folder = mkdtempSync(join(tmpdir(), 'dumont-discord-'));
  const home = join(folder, 'not', 'made', 'yet');
  const env = { DUMONT_DISCORD_API: standin.api };
  return {
    standin,
    home,
    setup: async (token = standin.token, ...more: string[]) =>
      await run(home, ['discord', 'setup', '--token', '-', ...more], { env, input: `${token}\n` }),
    async [Symbol.asyncDispose]() {
      await standin[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('setup checks token, invitation, channel and commands, and keeps the token where only its owner reads it', async () => {
  await using d = await desk();
  const wrong = await d.setup('not.the.token');
  expect([wrong.code, wrong.err]).toEqual([78, expect.stringContaining('Discord refused: the token is not valid.')]);
  const alone = await d.setup();
  expect([alone.code, alone.err]).toEqual([78, expect.stringContaining(inviteLink(d.standin.state.application))]);

  const guild = d.standin.guild();
  const ops = d.standin.channel(guild, 'ops');
  const shut = d.standin.channel(guild, 'shut');
  Object.assign(d.standin.state.channels.get(shut) ?? {}, { denied: 'send' });
  const unsaid = await d.setup();
  expect([unsaid.code, unsaid.err]).toEqual([
    64,
    expect.stringContaining('Say which channel with --channel: ops, shut.'),
  ]);
  const closed = await d.setup(undefined, '--channel', 'shut');
  expect([closed.code, closed.err]).toEqual([78, expect.stringContaining('it may not write in #shut')]);

  const { code, out, err } = await d.setup(undefined, '--channel', '#ops');
  expect([code, out], err).toEqual([0, expect.stringContaining('Start the engine again')]);
  expect(err).toMatch(
    /✓ the token is that of dumont.*\n✓ it was invited to Research\n✓ it can write in #ops\n✓ its \d+ commands are registered/,
  );
  const file = join(d.home, 'discord.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    token: d.standin.token,
    guild,
    channel: ops,
    at: expect.any(Number),
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(out + err).not.toContain(d.standin.token);
  expect(d.standin.state.wrong).toEqual([]);
});

test('the invitation asks for what panels need, and for a server only', () => {
  const query = new URL(inviteLink('42')).searchParams;
  expect(Object.fromEntries(query)).toEqual({
    client_id: '42',
    scope: 'bot applications.commands',
    permissions: String(52_224 + 2 ** 38),
    integration_type: '0',
  });
});

test('how the bot is can be asked for: there is none, it cannot warn, it is well', async () => {
  await using house = await served({ names: [] });
  const health = async (...parts: HealthPart[]) => {
    house.engine.health = async () => parts;
    const { code, out } = await run(house.home, ['discord']);
    return [code, out.trim()];
  };
  expect(await health()).toEqual([69, '✗ there is no bot\n"dumont discord setup" walks through it.']);
  const mute = { name: 'discord', ok: false, say: 'no channel is set', mend: 'Choose one.' };
  expect(await health(mute)).toEqual([69, '✗ no channel is set\nChoose one.']);
  expect(await health({ name: 'discord', ok: true, say: 'connected' })).toEqual([0, '✓ connected']);
});

test('a code comes after the password, and makes a Discord user the same person', async () => {
  await using house = await served({ names: [] });
  await house.accounts.create('ana', 'operator', 'admin', 'correct horse battery');
  const argv = ['discord', 'link', '--user', 'ana'];
  const { code, out, err } = await run(house.home, argv, { input: 'correct horse battery\n' });
  expect([code, out], err).toEqual([0, expect.stringMatching(/^In Discord: \/link code:[A-Z0-9]{10} /)]);
  const [, word = ''] = /code:(\w+)/.exec(out) ?? [];
  expect(await house.accounts.link(word, '1300000000000000003')).toMatchObject({ id: 'ana' });
});
