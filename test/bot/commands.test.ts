import { expect, test } from 'vitest';
import { aMachine } from '../contracts/store-rows.ts';
import type { Values } from '../standins/discord/people.ts';
import { stage } from './stage.ts';

test('/status says what every workspace is doing, to whoever asked and nobody else', async () => {
  await using s = await stage();
  const asked = s.standin.run(s.people.ana, s.ops, 'status');
  const answer = await s.standin.answered(asked);
  expect(asked.ephemeral).toBe(true);
  expect(answer.content).toBe('**1 workspace**, none up, nothing bills right now');
  expect(answer.embeds[0]?.description).toContain('**lab** · asleep,');
  expect(s.standin.messages(s.ops)).toEqual([]);
  expect(s.standin.state.wrong).toEqual([]);
});

test('/logs with a level or a day says every line that matters so much, in words where there are any', async () => {
  await using s = await stage();
  const at = Date.UTC(2025, 5, 3, 12);
  const noted = {
    at,
    level: 'WARNING',
    by: 'm1',
    event: 'backup.failed',
    facts: { code: 3, why: 'no `space` left' },
  } as const;
  s.fake.note(noted);
  s.fake.note({ ...noted, level: 'INFO', event: 'backup.began' });
  s.fake.note({
    at,
    level: 'ERROR',
    by: null,
    event: 'machine.lost',
    facts: { why: 'it is silent', lastProvedAt: null },
  });
  const asked = (options: Values) => s.standin.answered(s.standin.run(s.people.rui, s.ops, 'logs', options));
  const lab = s.fake.workspaces.get('lab');
  if (lab) s.fake.workspaces.set('lab', { ...lab, shares: [{ with: 'rui', role: 'operator', by: 'ana', at: 1 }] });
  const warnings = await asked({ workspace: 'lab', level: 'WARNING' });
  expect(warnings.embeds[0]?.description?.split('\n')).toEqual([
    `<t:${at / 1_000}:f> 🔴 a máquina se perdeu: it is silent; nada dela foi salvo`,
    `<t:${at / 1_000}:f> 🟡 m1: backup.failed code=3 why=${'no \\`space\\` left'}`,
  ]);
  expect((await asked({ workspace: 'lab', date: '2025-06-03' })).embeds[0]?.description).toContain(
    '🔹 m1: backup.began',
  );
  expect((await asked({ workspace: 'lab', date: '2025-06-04' })).embeds[0]?.description).toBe('Nada corresponde.');
});

test('/wake is acknowledged at once, and its panel stands in the channel until the last file is there', async () => {
  await using s = await stage();
  const asked = s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' });
  const answer = await s.standin.answered(asked);
  expect(answer.content).toContain('Waking: **lab**. [Follow it here](https://discord.com/channels/');
  await s.standin.until(() => s.standin.messages(s.ops)[0]);
  await s.standin.until(async () => true);
  await s.standin.until(
    () => s.standin.messages(s.ops).find(({ message }) => message.content.startsWith('✅ **lab** is awake')),
    15_000,
  );
  expect(s.standin.state.wrong).toEqual([]);
});

test('/status says that it is about to sleep, also while somebody keeps it awake', async () => {
  const actsAt = Date.now() + 90_000;
  const warned = { at: actsAt - 120_000, actsAt, why: 'the budget of lab is spent' };
  const machine = aMachine({ state: 'running', complete: true, warned });
  await using s = await stage({
    change: (engine) => ({
      ...engine,
      status: async (name) => (await engine.status(name)).map((view) => ({ ...view, machine })),
    }),
  });
  const card = await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'status', { workspace: 'lab' }));
  const sleep = card.embeds[0]?.fields?.find(({ name }) => name === 'Sleep')?.value;
  expect(sleep).toBe(`<t:${Math.floor(actsAt / 1_000)}:R> · the budget of lab is spent`);
});
