import { describe, expect, test } from 'vitest';
import type { Talk } from '../../engine/domain/events.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { type Stage, stage } from './stage.ts';

const raised: Talk = {
  event: 'alert.raised',
  workspace: 'lab',
  kind: 'backups_failing',
  why: 'three backups in a row failed',
  mend: '',
};
const texts = (s: Stage, channel = s.ops) => s.standin.messages(channel).map(({ message }) => message.content);
const admin = (s: Stage) => ({ ...s.people.ana, permissions: EVERYBODY | (1n << 5n) });

describe.concurrent('a token, and no channel', () => {
  test('is said in the log, in the health of the engine and to every admin, until there is one', async () => {
    await using s = await stage({ guild: null });
    expect(s.logged).toContainEqual(expect.objectContaining({ event: 'discord.no_channel', level: 'WARNING' }));
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.ready'));
    expect(await s.bot.health()).toMatchObject({
      ok: false,
      say: expect.stringContaining('no channel is set'),
      mend: expect.stringContaining('/settings channel:'),
    });
    expect(await s.bot.canWarn()).toBe(false);
    const hint = 'No server has a channel for warnings and alerts';
    expect((await s.standin.answered(s.standin.run(admin(s), s.ops, 'hosts'))).content).toContain(hint);
    expect((await s.standin.answered(s.standin.run(s.people.rui, s.ops, 'hosts'))).content).not.toContain('⚠️');
    await s.standin.answered(s.standin.run(admin(s), s.ops, 'settings', { channel: s.ops }));
    expect((await s.standin.answered(s.standin.run(admin(s), s.ops, 'hosts'))).content).not.toContain(hint);
    expect(await s.bot.health()).toMatchObject({ ok: true });
  });

  test('warns where the workspace was last asked for, and says in the log what it could tell nobody', async () => {
    await using s = await stage({ guild: null });
    s.fake.tell(raised);
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.nobody_heard'));
    await s.standin.answered(s.standin.run(s.people.ana, s.audit, 'wake', { workspace: 'lab' }));
    s.fake.tell({ ...raised, kind: 'backup_late' });
    await s.standin.until(() => texts(s, s.audit).some((text) => text.includes('a backup is late')));
    expect(texts(s)).toEqual([]);
  });
});

describe.concurrent('the channel that setup chose', () => {
  test('wins over the one before, which is told; and /settings wins over it, also after a start', async () => {
    await using s = await stage({ guild: { channel: null, audit: null } });
    const talk = s.standin.channel(s.guild, 'talk');
    await s.restart(undefined, { guild: s.guild, channel: s.ops, at: 1 });
    expect(await s.store.read('guilds', s.guild)).toMatchObject({ channel: s.ops, audit: s.ops });
    await s.restart(undefined, { guild: s.guild, channel: talk, at: 2 });
    await s.standin.until(() => texts(s).length === 1);
    expect(texts(s)).toEqual([`Panels, warnings and alerts stand in <#${talk}> from now on.`]);
    s.fake.tell(raised);
    await s.standin.until(() => texts(s, talk).some((text) => text.includes('backups fail')));

    await s.standin.answered(s.standin.run(admin(s), talk, 'settings', { channel: s.audit }));
    await s.standin.until(() => texts(s, talk).some((text) => text.includes(`stand in <#${s.audit}>`)));
    await s.restart(undefined, { guild: s.guild, channel: talk, at: 2 });
    expect(await s.store.read('guilds', s.guild)).toMatchObject({ channel: s.audit });
    expect(texts(s, s.audit)).toEqual([]);
  });

  test('leaves an audit channel of its own where it is', async () => {
    await using s = await stage();
    const talk = s.standin.channel(s.guild, 'talk');
    await s.restart(undefined, { guild: s.guild, channel: talk, at: 1 });
    expect(await s.store.read('guilds', s.guild)).toMatchObject({ channel: talk, audit: s.audit });
  });
});
