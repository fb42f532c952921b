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

test('commands, buttons, modals and suggestions are acknowledged in time while the engine is slow', async () => {
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

test('with a dead engine everything is still acknowledged, and says under which code it stands in the log', async () => {
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
] as const;

test.concurrent.each(REFUSALS)(
  '%s: no handler is brought down by it, wherever Discord says it',
  async (_name, status, code) => {
    await using s = await stage();
    const ana = { ...s.people.ana, ...ALL };
    const places = [
      ['POST', /callback$/],
      ['PATCH', /^\/webhooks/],
      ['POST', /^\/channels/],
      ['PATCH', /^\/channels/],
    ] as const;
    for (const [method, path] of places) {
      if (status === 401 && path.source.includes('channels')) continue; // under the bot's own token it means another thing
      s.standin.state.faults = [misfortune(method, path, { status, code })];
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
    expect((await s.standin.answered(s.standin.run(ana, s.ops, 'status'))).content).toContain('1 workspace');
    expect(s.logged.filter(({ event }) => event === 'discord.lost' || event === 'discord.writer_failed')).toEqual([]);
    expect(s.ends).toEqual([]);
  },
);
