import { describe, expect, test } from 'vitest';
import type { Clock } from '../../engine/domain/ports.ts';
import { misfortune } from '../standins/discord/misfortune.ts';
import type { Interaction } from '../standins/discord/state.ts';
import { realClock, type Stage, stage } from './stage.ts';

const deedsOf = (s: Stage, what: string): number => s.fake.asked.filter((one) => one.what === what).length;
const panelSays = async (s: Stage, start: string, ms = 25_000) =>
  await s.standin.until(
    () => s.standin.messages(s.ops).find(({ message }) => message.content.startsWith(start)),
    ms,
    start,
  );
const wake = (s: Stage): Interaction => s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' });

describe.concurrent('Discord', () => {
  test('lets the token of an interaction end: the panel goes on to the last file [promise 4]', async () => {
    await using s = await stage({ settings: { tokenMs: 1_000 }, pace: 0.1 });
    wake(s);
    await panelSays(s, '✅ **lab** is awake');
    expect(s.ends).toEqual([]);
    const late = s.standin.press(
      s.people.ana,
      { channel: s.ops, message: s.standin.messages(s.ops)[0]?.message.id ?? '' },
      'Log',
    );
    expect((await s.standin.answered(late)).content).toContain('What happened to **lab**');
  });

  test('cuts the connection: what was sent meanwhile is sent again, and done once [promise 5]', async () => {
    await using s = await stage();
    s.standin.gateway.close(4000);
    const asked = wake(s);
    await s.standin.answered(asked);
    s.standin.again(asked);
    await panelSays(s, '✅');
    expect(s.standin.gateway.resumes).toBe(1);
    expect(deedsOf(s, 'wake')).toBe(1);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });

  test('does not answer heartbeats any more: the connection is made anew, and goes on where it was', async () => {
    await using s = await stage({ settings: { heartbeatMs: 300 } });
    s.standin.gateway.deaf = true;
    await s.standin.until(() => s.standin.gateway.resumes > 0, 25_000, 'a new connection');
    s.standin.gateway.deaf = false;
    const answer = await s.standin.answered(wake(s), 25_000);
    expect(answer.content).toContain('Waking: **lab**');
    expect(deedsOf(s, 'wake')).toBe(1);
  });

  test('answers, and the connection does not come back all the same: whoever watches over us is told', async () => {
    let later = 0;
    const clock: Clock = {
      now: () => Date.now() + later,
      sleep: async (ms, signal) => await realClock.sleep(ms < 60_000 ? ms : 50, signal),
    };
    await using s = await stage({ clock });
    s.standin.state.faults = [misfortune('GET', /gateway\/bot$/, { status: 503 }, 1_000)];
    s.standin.gateway.down = true;
    s.standin.gateway.close(1006);
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.closed'));
    const asked = (): number => s.standin.state.seen.filter(({ path }) => path.endsWith('gateway/bot')).length;
    const before = asked();
    later = 11 * 60_000;
    await s.standin.until(() => asked() > before + 3, 25_000, 'a look whether Discord answers');
    expect(s.ends).toEqual([]); // it is not us
    s.standin.state.faults = [];
    await s.standin.until(() => s.ends.length > 0, 25_000, 'an end');
    expect(s.ends).toEqual(['the connection does not come back, although Discord answers']);
  });

  test('ends the session and is away for a while: red, then green again, and nothing is done twice [promise 6]', async () => {
    let later = 0;
    const clock: Clock = { ...realClock, now: () => Date.now() + later };
    await using s = await stage({ clock });
    const asked = wake(s);
    await s.standin.answered(asked);
    s.standin.gateway.down = true;
    s.standin.gateway.close(1006);
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.socket_error'));
    expect(await s.bot.health()).toMatchObject({ ok: true });
    later = 61_000;
    expect(await s.bot.health()).toMatchObject({
      name: 'discord',
      ok: false,
      say: expect.stringContaining('not connected'),
    });
    later = 0;
    s.standin.gateway.down = false;
    await s.standin.until(() => s.standin.gateway.connected > 0, 25_000, 'a connection');
    await s.standin.until(() => s.logged.filter(({ event }) => event === 'discord.ready').length === 2, 25_000); // it is not let in more often than every 5 s
    expect(await s.bot.health()).toMatchObject({ ok: true, say: 'connected' });
    s.standin.again(asked);
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'status'));
    expect(deedsOf(s, 'wake')).toBe(1);
  });

  test.each([4004, 4010, 4011, 4012, 4013, 4014])(
    'closes with %i, which never heals: whoever watches over us is told [promise 7]',
    async (code) => {
      await using s = await stage();
      s.standin.gateway.close(code);
      await s.standin.until(() => s.ends.length > 0);
      expect(s.ends).toHaveLength(1);
      expect(await s.bot.health()).toMatchObject({ ok: false });
    },
  );

  test('does not know the token any more: that is the end as well, not a bot that hears and cannot speak', async () => {
    await using s = await stage();
    s.standin.state.faults = [misfortune('POST', /^\/channels/, { status: 401 })];
    wake(s);
    await s.standin.until(() => s.ends.length > 0);
    expect(s.ends).toEqual(['the token is not valid any more']);
  });

  test('refuses the token from the start: the engine goes on without a bot, and its health says why', async () => {
    await using s = await stage();
    await s.bot[Symbol.asyncDispose]();
    s.standin.gateway.refuse(4004);
    await using again = await s.open();
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.ended'));
    expect(s.ends).toEqual([]);
    expect(await again.health()).toEqual({ name: 'discord', ok: false, say: 'the token is not valid' });
  });

  test('limits edits: they are drawn anew when their turn comes, and no request is wasted [promise 8]', async () => {
    const names = ['lab', 'slow', 'unlucky'];
    await using s = await stage({ names, settings: { edits: { limit: 2, windowMs: 3_000 } }, pace: 0.15 });
    for (const workspace of names) s.standin.run(s.people.ana, s.ops, 'wake', { workspace });
    for (let i = 0; i < 40; i += 1) s.standin.run(s.people.ana, s.ops, 'status', { workspace: 'lab' });
    const last = await panelSays(s, '✅ **lab** is awake', 25_000);
    const edits = s.standin.state.seen.filter(
      ({ method, path }) => method === 'PATCH' && path.startsWith(`/channels/${s.ops}/`),
    );
    expect(edits.filter(({ status }) => status === 429)).toEqual([]);
    const storyMs = Date.now() - (edits[0]?.at ?? 0);
    expect(edits.length).toBeLessThanOrEqual(2 * Math.ceil(storyMs / 3_000) + 2);
    expect(last.message.content).toContain('is awake after');
    expect(s.standin.state.seen.length).toBeGreaterThan(90);
    expect(s.standin.state.invalid).toBeLessThan(s.standin.state.seen.length / 100);
    expect(s.standin.state.invalid).toBe(0);
  });

  test('says "too many" without saying for how long: it is not asked again at once', async () => {
    await using s = await stage();
    s.standin.state.faults = [
      misfortune('POST', /callback$/, { status: 429 }, 1_000),
      misfortune('PATCH', /^\/channels/, { status: 429 }, 3),
    ];
    const asked = wake(s);
    await panelSays(s, '✅ **lab** is awake');
    expect(
      s.standin.state.seen.filter(({ path }) => path.includes(asked.id) && path.endsWith('callback')),
    ).toHaveLength(1);
    expect(s.standin.state.invalid).toBeLessThan(6);
  });

  test('loses answers of its own: one operation, one message [promise 9]', async () => {
    await using s = await stage();
    s.standin.state.faults = [
      misfortune('POST', /callback$/, { lose: true }),
      misfortune('POST', /^\/channels/, { lose: true }),
    ];
    const asked = wake(s);
    const answer = await s.standin.answered(asked, 25_000);
    expect(answer.content).toContain('Waking: **lab**');
    await panelSays(s, '✅');
    expect(deedsOf(s, 'wake')).toBe(1);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });

  test('delivers to two processes: one operation, one panel [promise 10]', async () => {
    await using s = await stage({ pace: 0.1 });
    await using _second = await s.open('its own');
    await s.standin.until(() => s.standin.gateway.connected === 2);
    await s.standin.answered(wake(s));
    await panelSays(s, '✅');
    expect(s.fake.operations.size).toBe(1);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });
});

describe.concurrent('a restart', () => {
  test('in the middle of a race: the panel goes on, and its old buttons work [promise 11]', async () => {
    await using s = await stage({ pace: 0.15 });
    await s.standin.answered(wake(s));
    const before = await s.standin.until(() => s.standin.messages(s.ops)[0]);
    await s.restart();
    const after = await panelSays(s, '✅ **lab** is awake');
    expect(after.message.id).toBe(before.message.id);
    expect(after.message.embeds[0]?.description).toContain('✓ **bravo**');
    const log = s.standin.press(s.people.ana, { channel: s.ops, message: after.message.id }, 'Log');
    expect((await s.standin.answered(log)).content).toContain('What happened to **lab**');
  });

  test('while somebody asks: it is heard by the next process, and done once', async () => {
    await using s = await stage();
    let asked: Interaction | null = null;
    await s.restart(() => {
      asked = wake(s);
    });
    await s.standin.answered(asked as unknown as Interaction);
    expect(s.standin.gateway.identifies).toBe(1);
    expect(s.standin.gateway.resumes).toBe(1);
    expect(deedsOf(s, 'wake')).toBe(1);
  });

  test('registers its commands also when Discord does not answer at first', async () => {
    await using s = await stage();
    await s.restart(() => {
      s.standin.state.commands = [];
      s.standin.state.faults = [
        misfortune('GET', /commands$/, { lose: true }),
        misfortune('PUT', /commands$/, { status: 400 }),
      ];
    });
    await s.standin.until(() => s.standin.state.commands.length > 0, 25_000, 'the commands');
  });

  test('registers nothing that Discord has already [promise 16]', async () => {
    await using s = await stage();
    const { created } = s.standin.state;
    await s.restart();
    await s.standin.until(() => s.logged.filter(({ event }) => event === 'discord.commands').length === 2);
    expect(s.logged.filter(({ event }) => event === 'discord.commands').map(({ facts }) => facts.how)).toEqual([
      'changed',
      'unchanged',
    ]);
    expect(s.standin.state.created).toBe(created);
    expect(s.standin.state.seen.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });
});
