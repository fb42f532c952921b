import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../bot/commands.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import { misfortune } from '../standins/discord/misfortune.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import type { Interaction } from '../standins/discord/state.ts';
import { EVERY } from './every-command.ts';
import { stage } from './stage.ts';

/** Each call of the engine takes this long, or fails like this; what is told comes as ever. */
function changed(engine: Engine, before: () => Promise<void>): Engine {
  return new Proxy(engine, {
    get(target, name: keyof Engine) {
      if (name === 'events' || name === 'past') return target[name];
      return async (...given: never[]) => {
        await before();
        return await (target[name] as (...given: never[]) => unknown)(...given);
      };
    },
  });
}

const ALL = { permissions: EVERYBODY | (1n << 5n) };

test('every command is tried here', () => {
  expect(new Set(EVERY.map(([path]) => path))).toEqual(new Set(COMMANDS.keys()));
});

test('commands, buttons, modals and suggestions are acknowledged in time while the engine is slow [promise 1]', async () => {
  const slow = { ackMs: 1_500, tokenMs: 60_000 };
  await using s = await stage({
    settings: slow,
    change: (engine) => changed(engine, async () => void (await pause(2_000))),
  });
  const ana = { ...s.people.ana, ...ALL };
  await s.standin.answered(s.standin.run(ana, s.ops, 'link')); // the first connection takes longer
  const asked = EVERY.map(([path, options]) => s.standin.run(ana, s.ops, path, options));
  const times = await Promise.all(asked.map(async (one) => await s.standin.acked(one)));
  expect(Math.max(...times)).toBeLessThan(1_500);
  await Promise.all(asked.map(async (one) => await s.standin.answered(one)));

  const typed = s.standin.suggest(ana, s.ops, 'wake', 'workspace', 'la');
  expect(await s.standin.acked(typed)).toBeLessThan(1_500);
  expect(typed.choices).toEqual([{ name: 'lab · asleep · RTX 4090', value: 'lab' }]);

  const question = asked[EVERY.findIndex(([path]) => path === 'abandon')];
  if (!question) throw new Error('nobody asked');
  const opened = s.standin.press(ana, question, 'Yes, do it');
  expect(await s.standin.acked(opened)).toBeLessThan(1_500);
  const sent = s.standin.submit(ana, opened, { name: 'lab' });
  expect(await s.standin.acked(sent)).toBeLessThan(1_500);
  const card = asked[EVERY.findIndex(([path, options]) => path === 'status' && 'workspace' in options)];
  if (!card) throw new Error('nobody asked');
  expect(await s.standin.acked(s.standin.press(ana, card, 'Log'))).toBeLessThan(1_500);
  expect(s.logged.filter(({ event }) => event === 'discord.lost')).toEqual([]);
});

test('200 in a second, beside three races and with an engine that is slow: 99 of 100 see within half a second that we are there [promise 1]', async () => {
  await using s = await stage({
    names: ['lab', 'slow', 'unlucky'],
    pace: 0.3,
    change: (engine) => changed(engine, async () => void (await pause(2_500))),
  });
  const { ana } = s.people;
  const wakes = ['lab', 'slow', 'unlucky'].map((workspace) => s.standin.run(ana, s.ops, 'wake', { workspace }));
  await Promise.all(wakes.map(async (one) => await s.standin.answered(one, 60_000)));
  const began = Date.now();
  const asked: Interaction[] = [];
  for (let i = 0; i < 200; i += 1) {
    await pause(Math.max(0, began + i * 5 - Date.now()));
    if (i % 4 === 0) asked.push(s.standin.suggest(ana, s.ops, 'wake', 'workspace', 'l'));
    else asked.push(s.standin.run(ana, s.ops, i % 4 === 1 ? 'logs' : 'status', { workspace: 'lab' }));
  }
  const times = await Promise.all(asked.map(async (one) => await s.standin.acked(one)));
  times.sort((a, b) => a - b);
  expect(times[197]).toBeLessThan(500);
  expect(times[199]).toBeLessThan(3_000);
  expect(s.logged.filter(({ event }) => event === 'discord.answered_too_late')).toEqual([]);
});

test('with a dead engine everything is still acknowledged, and says under which code it stands in the log [promise 2]', async () => {
  const dead = async (): Promise<void> => {
    throw new TypeError('the database is on fire');
  };
  await using s = await stage({ change: (engine) => changed(engine, dead) });
  const ana = { ...s.people.ana, ...ALL };
  const broken = EVERY.filter(
    ([path]) => !['link', 'recover', 'logs', 'users', 'tokens', 'audit', 'settings'].includes(path),
  );
  for (const [path, options] of broken) {
    const answer = await s.standin.answered(s.standin.run(ana, s.ops, path, options));
    const [, code] = /Code (DM-\w{4})/.exec(answer.content) ?? [];
    expect(answer.content, path).toContain('Something went wrong in Dumont itself.');
    expect(answer.content, path).not.toContain('on fire');
    const line = s.logged.find(({ facts }) => facts.reference === code);
    expect(line, path).toMatchObject({ level: 'ERROR', facts: { why: 'the database is on fire' } });
  }
});

const REFUSALS = [
  ['too late', 404, 10_062],
  ['acknowledged already', 400, 40_060],
  ['unknown message', 404, 10_008],
  ['unknown webhook', 404, 10_015],
  ['token ended', 401, 50_027],
  ['no permission', 403, 50_013],
  ['thread archived', 400, 50_083],
  ['broken', 500, 0],
  ['too many', 429, 0, { 'Retry-After': '1', 'X-RateLimit-Scope': 'user' }],
  ['too many, and not for how long', 429, 0],
] as const;

test.concurrent.each(REFUSALS)(
  '%s: no handler is brought down by it, wherever Discord says it [promise 3]',
  async (_name, status, code, headers: Readonly<Record<string, string>> = {}) => {
    await using s = await stage();
    const ana = { ...s.people.ana, ...ALL };
    const places = [
      ['POST', /callback$/],
      ['PATCH', /^\/webhooks/],
      ['POST', /^\/channels/],
      ['PATCH', /^\/channels/],
    ] as const;
    // All of them where people are answered; then those that begin something, in the channel as well.
    for (const [method, path] of places.slice(0, 2)) {
      s.standin.state.faults = [misfortune(method, path, { status, code, headers }, EVERY.length)];
      await Promise.all(
        EVERY.map(async ([name, options]) => await dealtWith(s.standin.run(ana, s.ops, name, options))),
      );
    }
    for (const [method, path] of places) {
      if (status === 401 && path.source.includes('channels')) continue; // under the bot's own token it means another thing
      s.standin.state.faults = [misfortune(method, path, { status, code, headers })];
      const wake = s.standin.run(ana, s.ops, 'wake', { workspace: 'lab' });
      await dealtWith(wake);
      const [panel] = s.standin.messages(s.ops);
      if (panel) await dealtWith(s.standin.press(ana, { channel: s.ops, message: panel.message.id }, 'Log'));
      await dealtWith(s.standin.run(ana, s.ops, 'status', { workspace: 'lab' }));
    }
    async function dealtWith(it: Interaction): Promise<void> {
      const logged = (): boolean => s.logged.some(({ facts }) => facts.interaction === it.id);
      await s.standin.until(() => logged() || (it.original?.content ?? '') !== '', 20_000, `an end of ${it.id}`);
    }
    s.standin.state.faults = [];
    expect((await s.standin.answered(s.standin.run(ana, s.ops, 'status'))).content).toContain('2 workspaces');
    expect(s.logged.filter(({ event }) => event === 'discord.lost' || event === 'discord.writer_failed')).toEqual([]);
    expect(s.ends).toEqual([]);
  },
  90_000,
);
