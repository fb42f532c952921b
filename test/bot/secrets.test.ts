import { expect, test } from 'vitest';
import { stage } from './stage.ts';

const SECRET = 'hunter2';

test('what may hold a secret is in no message, no panel, no audit post and no log', async () => {
  await using s = await stage();
  const answers: unknown[] = [];
  const type = async (path: string, options: Readonly<Record<string, string>>): Promise<void> =>
    void answers.push(await s.standin.answered(s.standin.run(s.people.ana, s.ops, path, options)));
  const said = async (words: string, channel: string): Promise<unknown> =>
    await s.standin.until(() => JSON.stringify(s.standin.messages(channel)).includes(words), undefined, words);
  await type('wake', { workspace: 'lab' });
  await said('is awake', s.ops);
  const tries = [
    ['configure', { workspace: 'lab', after_wake: `export KEY=${SECRET}` }],
    ['configure', { workspace: 'none', after_wake: `export KEY=${SECRET}` }],
    ['run', { workspace: 'lab', command: `echo "${SECRET}` }],
    ['run', { workspace: 'lab', command: `bash -c "python train.py --token ${SECRET}"` }],
    ['link', { code: SECRET }],
  ] as const;
  for (const [path, options] of tries) await type(path, options);
  await said('bash … ended with 0', s.ops);
  await said('after_wake:', s.audit);
  const lab = s.fake.workspaces.get('lab')!;
  const argv = ['python', 'train.py', '--token', SECRET];
  const job = { operation: 'op-9', by: 'ana', at: 0, argv, thenHibernate: true, machine: 'm-1' };
  s.fake.workspaces.set('lab', { ...lab, jobs: [job] });
  await type('hibernate', { workspace: 'lab' });
  expect(JSON.stringify(answers.at(-1))).toContain('python …');
  const messages = [...s.standin.state.messages.keys()].flatMap(s.standin.messages);
  expect(JSON.stringify([answers, messages])).not.toContain(SECRET);
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
