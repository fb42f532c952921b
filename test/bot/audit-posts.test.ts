import { describe, expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { type Stage, stage } from './stage.ts';

const posts = (s: Stage) => s.standin.messages(s.audit).map(({ message }) => message.content);

describe.concurrent('the audit channel', () => {
  test('says which operation an action began, or that it is done', async () => {
    await using s = await stage();
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'keep', { workspace: 'lab', for: '1h' }));
    await s.standin.until(() => posts(s).length === 2);
    expect(posts(s)).toEqual([
      expect.stringMatching(/^▫️ \*\*ana\*\* \(<@\d+>\) `\/wake workspace:lab` → begun as op-1$/),
      expect.stringMatching(/`\/keep workspace:lab for:1h` → done$/),
    ]);
  });

  test('is told how it went with what was written down before it was done', async () => {
    await using s = await stage({ guild: { language: 'pt' } });
    const ask = async () => {
      const asked = s.standin.run(s.people.ana, s.ops, 'restore latest', { workspace: 'lab' });
      await s.standin.answered(asked);
      return asked;
    };
    s.standin.press(s.people.ana, await ask(), 'Yes, do it');
    await s.standin.until(() => posts(s)[0]?.includes('confirmado → iniciado como op-1'));
    const again = await ask();
    s.fake.trouble.fail = new Failure('workspace_busy', { workspace: 'lab', sight: 'waking' });
    s.standin.press(s.people.ana, again, 'Yes, do it');
    await s.standin.until(() => posts(s)[1]?.includes('→ lab está acordando'));
    expect(posts(s)).toHaveLength(2);
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
