import { expect, test } from 'vitest';
import { stage } from './stage.ts';

const SECRET = 'hunter2';

test('what may hold a secret is in no audit post and in no log', async () => {
  await using s = await stage();
  const tries = [
    ['configure', { workspace: 'lab', after_wake: `export KEY=${SECRET}` }],
    ['configure', { workspace: 'none', after_wake: `export KEY=${SECRET}` }],
    ['run', { workspace: 'lab', command: `echo "${SECRET}` }],
    ['link', { code: SECRET }],
  ] as const;
  for (const [path, options] of tries) await s.standin.answered(s.standin.run(s.people.ana, s.ops, path, options));
  await s.standin.until(() => s.standin.messages(s.audit).length > 0);
  expect(s.standin.messages(s.audit)[0]?.message.content).toContain('after_wake:');
  expect(JSON.stringify(s.standin.messages(s.audit))).not.toContain(SECRET);
  expect(s.logged.filter(({ event }) => event === 'discord.refused').length).toBe(3);
  expect(JSON.stringify(s.logged)).not.toContain(SECRET);
});

test('accounts are suggested to admins, and by name to whoever may share that workspace', async () => {
  await using s = await stage();
  const choices = async (person: keyof typeof s.people, path: string, option: string, options = {}) => {
    const typed = s.standin.suggest(s.people[person], s.ops, path, option, '', options);
    await s.standin.acked(typed);
    return typed.choices?.map(({ name }) => name);
  };
  expect(await choices('ana', 'share', 'with', { workspace: 'lab' })).toContain('vi · viewer');
  expect(await choices('vi', 'share', 'with', { workspace: 'lab' })).toEqual([]);
  expect(await choices('rui', 'share', 'with')).toEqual([]);
});
