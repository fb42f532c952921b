import { expect, test } from 'vitest';
import { stage } from './stage.ts';

test('all is every workspace that one may put to sleep, and none that one may only look at', async () => {
  await using s = await stage({
    names: ['lab', 'other'],
    change: (engine) => ({
      ...engine,
      status: async (name) => (await engine.status(name)).map((view) => ({ ...view, sight: 'awake' })),
    }),
  });
  const role = { lab: 'operator', other: 'viewer' } as const;
  for (const name of ['lab', 'other'] as const) {
    const row = s.fake.workspaces.get(name);
    if (row)
      s.fake.workspaces.set(name, {
        ...row,
        owner: 'ana',
        shares: [{ with: 'rui', role: role[name], by: 'ana', at: 1 }],
      });
  }
  const asked = s.standin.run(s.people.rui, s.ops, 'hibernate', { all: true });
  const { content } = await s.standin.answered(asked);
  expect(content).toContain('lab');
  expect(content).not.toContain('other');
});

test('where nothing is awake nothing was done, and the record does not say that it was', async () => {
  await using s = await stage();
  const answer = await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'hibernate', { all: true }));
  expect(answer.content).toContain('Nothing is awake');
  await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'keep', { workspace: 'lab' })); // which is noted
  await s.standin.until(() => s.standin.messages(s.audit).length > 0);
  expect(s.standin.messages(s.audit).map(({ message }) => message.content)).toEqual([expect.stringContaining('keep')]);
});
