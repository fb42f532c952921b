import { describe, expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { type Stage, stage } from './stage.ts';

const posts = (s: Stage) => s.standin.messages(s.audit).map(({ message }) => message.content);
const says = async (s: Stage, words: RegExp) =>
  await s.standin.until(() => posts(s).find((post) => words.test(post)), 25_000, `a post that says ${words}`);
const ask = async (s: Stage) => {
  const asked = s.standin.run(s.people.ana, s.ops, 'restore latest', { workspace: 'lab' });
  await s.standin.answered(asked);
  return asked;
};

describe.concurrent('the audit channel', () => {
  test('says who did what, and then how it went, in one post for each', async ({ expect }) => {
    await using s = await stage({ names: ['lab', 'unlucky'], pace: 0.1 });
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'keep', { workspace: 'lab', for: '1h' }));
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'unlucky' }));
    await says(s, /^▫️ \*\*ana\*\* \(<@\d+>\) `\/wake workspace:lab` → begun as op-1$/);
    await says(s, /`\/keep workspace:lab for:1h` → done$/);
    await says(s, /`\/wake workspace:lab` → ✅ lab is usable after 17 s \(op-1\)$/);
    await says(s, /`\/wake workspace:unlucky` → ❌ No machine became ready: .* \(op-2\)$/);
    expect(posts(s)).toHaveLength(3);
    const [keep] = s.standin.messages(s.audit).filter(({ message }) => message.content.includes('/keep'));
    expect(keep?.edits).toBe(0);
    const left = async () =>
      (await s.store.list('panels')).filter(({ kind, closedAt }) => kind === 'audit' && closedAt === null);
    await expect.poll(left).toEqual([]); // nobody looks at them any more
  });

  test('is told how it went with what was written down before it was done, and under which code it was refused', async () => {
    await using s = await stage({ guild: { language: 'pt' } });
    s.standin.press(s.people.ana, await ask(s), 'Yes, do it');
    await says(s, /confirmado → ✅ lab está utilizável após 17 s \(op-1\)/);
    const again = await ask(s);
    s.fake.trouble.fail = new Failure('workspace_busy', { workspace: 'lab', sight: 'waking' });
    s.standin.press(s.people.ana, again, 'Yes, do it');
    const post = await says(s, /→ ❌ lab está acordando.*\(DM-\w{4}\)/);
    const [, code] = /\((DM-\w{4})\)/.exec(post) ?? [];
    expect(s.logged.some(({ facts }) => facts.reference === code)).toBe(true);
    expect(posts(s)).toHaveLength(2);
  });

  test('goes on after a restart, with the posts that stand there', async () => {
    await using s = await stage({ pace: 0.2 });
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    await says(s, /begun as op-1/);
    await s.restart();
    await says(s, /✅ lab is usable after 17 s \(op-1\)/);
    expect(posts(s)).toHaveLength(1);
  });

  test('has one post, and its end, also when the process ended between the post and the deed', async () => {
    const held = Promise.withResolvers<never>();
    held.promise.catch(() => undefined);
    let holds = true;
    await using s = await stage({
      change: (engine) => ({
        ...engine,
        wake: async (...given) => {
          const operation = await engine.wake(...given);
          return holds ? await held.promise : operation;
        },
      }),
    });
    s.standin.press(s.people.ana, await ask(s), 'Yes, do it');
    await says(s, /confirmed → begun$|op-1/);
    holds = false;
    await s.restart();
    await says(s, /confirmed → ✅ lab is usable after 17 s \(op-1\)/);
    expect(posts(s)).toHaveLength(1);
    expect(s.fake.operations.size).toBe(1);
  });
});

test('whoever agrees to lose files gets the whole list, however long', async () => {
  await using s = await stage();
  const files = Array.from({ length: 40 }, (_, i) => ({
    path: `/root/big-${i}.bin`,
    sizeBytes: 11e9,
    why: 'over the cap of 10 GB',
  }));
  s.fake.risks.set('lab', {
    files,
    repositories: [],
    excluded: [],
    pending: { files: 0, bytes: 0, newest: [] },
    durableAt: 1,
  } as never);
  await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
  await s.standin.until(() => [...s.fake.machines.values()].some(({ complete }) => complete));
  const asked = s.standin.run(s.people.ana, s.ops, 'hibernate', { workspace: 'lab', lose: true });
  const answer = await s.standin.answered(asked);
  expect(answer.content).toContain('and 25 more');
  expect(answer.attachments).toMatchObject([{ filename: 'lost-for-ever.txt', description: '40' }]);
});

test('what is suggested is what one may do there', async () => {
  await using s = await stage();
  const lab = s.fake.workspaces.get('lab');
  if (!lab) throw new Error('there is no lab');
  s.fake.workspaces.set('lab', { ...lab, shares: [{ with: 'vi', role: 'viewer', by: 'ana', at: 1 }] });
  const values = async (person: 'ana' | 'vi' | 'rui', path: string) => {
    const typed = s.standin.suggest(s.people[person], s.ops, path, 'workspace', '');
    await s.standin.acked(typed);
    return typed.choices?.map(({ value }) => value);
  };
  await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'status')); // its memory has looked
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect([await values('vi', 'status'), await values('vi', 'wake')]).toEqual([['lab'], []]);
  expect([await values('rui', 'status'), await values('ana', 'wake')]).toEqual([[], ['lab']]);
});

test('what ends by its id is suggested, to whoever may end it', async () => {
  await using s = await stage();
  const lab = s.fake.workspaces.get('lab')!;
  const nights = { id: 'sc1', want: 'asleep', days: ['mon', 'tue'], time: '22:00', zone: 'UTC', by: 'ana' } as never;
  s.fake.workspaces.set('lab', { ...lab, schedules: [nights] });
  const cap = { version: 0, per: 'day', micro: 5_000_000, by: 'ana', at: 1, spent: { micro: 0, from: 0 } } as const;
  await s.store.save('budgets', { ...cap, id: 'workspace/lab/day', scope: 'workspace', of: 'lab' });
  await s.store.save('budgets', { ...cap, id: 'all//day', scope: 'all', of: '' });
  const [guild, channel] = [s.guild, s.ops];
  const report = { version: 0, guild, channel, every: 'weekly', time: '09:00', zone: 'UTC', language: 'en' } as const;
  await s.store.save('reports', { ...report, id: 'rp1', workspace: 'lab', by: 'rui', doneAt: 1, waiting: [] });
  const word = { version: 0, name: 'ci', role: 'viewer', workspaces: null, secret: 'x', createdAt: 1 } as const;
  await s.store.save('tokens', { ...word, id: 'to1', account: 'ana', expiresAt: null, usedAt: null });
  await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'keep', { workspace: 'lab' })); // its memory looks again

  const names = async (person: keyof typeof s.people, path: string, option: string, options = {}) => {
    const typed = s.standin.suggest(s.people[person], s.ops, path, option, '', options);
    await s.standin.acked(typed);
    return typed.choices?.map(({ name }) => name);
  };
  await expect
    .poll(async () => await names('ana', 'budget', 'remove'), { timeout: 20_000 })
    .toEqual(['Everybody a day', 'lab a day']);
  expect(await names('rui', 'budget', 'remove')).toEqual([]);
  expect(await names('ana', 'schedule', 'end', { workspace: 'lab' })).toEqual(['🌙 mon,tue 22:00 UTC · sc1']);
  expect(await names('rui', 'schedule', 'end', { workspace: 'lab' })).toEqual([]);
  const weekly = 'weekly report · 09:00 UTC · lab · rp1';
  expect(await names('ana', 'report remove', 'report')).toEqual([weekly]);
  expect(await names('rui', 'report remove', 'report')).toEqual([weekly.replace('weekly report', 'relatório semanal')]);
  expect(await names('vi', 'report remove', 'report')).toEqual([]);
  expect(await names('ana', 'tokens', 'end')).toEqual(['ci · viewer · to1']);
  expect(await names('rui', 'tokens', 'end')).toEqual([]);
});
