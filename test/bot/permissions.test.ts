import { describe, expect, test } from 'vitest';
import { roleOn } from '../../engine/domain/account.ts';
import type { Clock } from '../../engine/domain/ports.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { realClock, stage } from './stage.ts';

describe.concurrent('who may', () => {
  test('a stranger is told how to come in, and nothing else', async () => {
    await using s = await stage();
    for (const path of ['status', 'offers']) {
      const answer = await s.standin.answered(s.standin.run(s.people.eve, s.ops, path));
      expect(answer.content).toContain('not linked to an account yet');
      expect(answer.content).toContain('"dumont discord link"');
    }
    const typed = s.standin.suggest(s.people.eve, s.ops, 'wake', 'workspace', '');
    await s.standin.acked(typed);
    expect(typed.choices).toEqual([]);
  });

  test('a code from the terminal makes a Discord user and an account one, once', async () => {
    await using s = await stage();
    const { code } = await s.doors.accounts.linkCode('vi');
    const asked = s.standin.run(s.people.eve, s.ops, 'link', { code });
    expect((await s.standin.answered(asked)).content).toBe('You are **vi** (viewer) from now on.');
    const again = s.standin.run(s.people.vi, s.ops, 'link', { code });
    expect((await s.standin.answered(again)).content).toContain('was used, or is older than ten minutes');
    expect(await s.doors.audit.read({})).toMatchObject([{ by: 'vi', verb: 'link', on: s.people.eve.id }]);
    const posts = JSON.stringify(s.standin.messages(s.audit).map(({ message }) => message.content));
    expect(posts).not.toContain(code);
  });

  test('to whoever may not see it a workspace does not exist; whoever may not act is told who can', async () => {
    await using s = await stage();
    const lab = s.fake.workspaces.get('lab');
    if (!lab) throw new Error('there is no lab');
    const unseen = s.standin.run(s.people.vi, s.ops, 'wake', { workspace: 'lab' });
    expect((await s.standin.answered(unseen)).content).toContain('There is no workspace named "lab"');
    s.fake.workspaces.set('lab', { ...lab, shares: [{ with: 'vi', role: 'viewer', by: 'ana', at: 1 }] });
    const seen = s.standin.run(s.people.vi, s.ops, 'wake', { workspace: 'lab' });
    expect((await s.standin.answered(seen)).content).toMatch(/vi may not do this \(\/wake\).* These can: ana\./);
    for (const path of ['machine destroy', 'abandon', 'restore latest']) {
      const why = path === 'abandon' ? { why: 'no reason' } : {};
      const asked = s.standin.run(s.people.vi, s.ops, path, { workspace: 'lab', ...why });
      expect((await s.standin.answered(asked)).content, path).toContain('vi may not do this');
    }
    expect(s.fake.asked).toEqual([]);
    expect(s.standin.messages(s.audit)).toEqual([]);
  });

  test('the matrix: by role, by where it comes from, by how the bot was installed [promise 13]', async () => {
    await using s = await stage();
    const lab = s.fake.workspaces.get('lab');
    if (!lab) throw new Error('there is no lab');
    s.fake.workspaces.set('lab', {
      ...lab,
      shares: [
        { with: 'vi', role: 'operator', by: 'ana', at: 1 },
        { with: 'rui', role: 'operator', by: 'ana', at: 1 },
      ],
    });
    const tries = [
      ['ana', 'keep', {}, true],
      ['rui', 'keep', {}, true],
      ['vi', 'keep', {}, false], // shared for work, and the account may only look
      ['eve', 'keep', {}, false],
      ['ana', 'keep', { context: 1 }, false],
      ['ana', 'keep', { context: 2 }, false],
      ['ana', 'keep', { installedBy: 'user' }, false],
    ] as const;
    for (const [name, path, more, may] of tries) {
      const before = s.fake.asked.length;
      const asked = s.standin.run(s.people[name], s.ops, path, { workspace: 'lab' }, more);
      await s.standin.answered(asked);
      expect(s.fake.asked.length - before, `${name} ${JSON.stringify(more)}`).toBe(may ? 1 : 0);
    }
    const row = s.fake.workspaces.get('lab');
    expect(row && roleOn({ name: 'rui', role: 'operator', workspaces: null, by: 'discord' }, row)).toBe('operator');
  });

  test('what is for admins is hidden by default, and refused to whoever sees it all the same', async () => {
    await using s = await stage();
    for (const path of ['settings', 'diag'])
      expect(() => s.standin.run(s.people.rui, s.ops, path), path).toThrow('does not see');
    const rui = { ...s.people.rui, permissions: EVERYBODY | (1n << 5n) };
    for (const path of ['settings', 'users', 'audit', 'diag']) {
      const answer = await s.standin.answered(s.standin.run(rui, s.ops, path));
      expect(answer.content, path).toContain('rui não pode fazer isto');
      expect(answer.content, path).toContain('Podem: ana.');
    }
  });
});

describe.concurrent('a question', () => {
  test('is for the one who was asked, once, and not for long [promise 12]', async () => {
    let later = 0;
    const clock: Clock = { ...realClock, now: () => Date.now() + later };
    await using s = await stage({ clock });
    const ask = () => s.standin.run(s.people.ana, s.ops, 'restore latest', { workspace: 'lab' });
    const first = ask();
    expect((await s.standin.answered(first)).content).toContain('**lab** wakes from snapshot `a2a2a2a2`');
    s.standin.press(s.people.rui, first, 'Yes, do it');
    await s.standin.until(() => first.original?.content.includes('isto foi perguntado a outra pessoa'));

    const fresh = ask();
    await s.standin.answered(fresh);
    const message = structuredClone(fresh.original);
    const yes = s.standin.press(s.people.ana, fresh, 'Yes, do it');
    await s.standin.until(() => fresh.original?.content.startsWith('Waking'));
    fresh.original = message; // a client that still shows the buttons
    await s.standin.answered(s.standin.press(s.people.ana, fresh, 'Yes, do it'));
    await s.standin.until(() => fresh.original?.content.includes('this was answered already'));
    s.standin.again(yes);
    expect(s.fake.asked.filter(({ what }) => what === 'wake')).toHaveLength(1);

    const old = ask();
    await s.standin.answered(old);
    later = 5 * 60_000 + 1_000;
    await s.standin.answered(s.standin.press(s.people.ana, old, 'Yes, do it'));
    await s.standin.until(() => old.original?.content.includes('it took too long'));
    expect(s.fake.asked.filter(({ what }) => what === 'wake')).toHaveLength(1);
  });

  test('about what nothing brings back wants the name typed, and is written down before it is done', async () => {
    await using s = await stage();
    const asked = s.standin.run(s.people.ana, s.ops, 'machine destroy', { workspace: 'lab' });
    expect((await s.standin.answered(asked)).content).toContain('This removes **lab** and its 2 snapshots for ever');
    const opened = s.standin.press(s.people.ana, asked, 'Yes, do it');
    await s.standin.acked(opened);
    expect(opened.modal?.title).toBe('Are you sure?');
    const wrong = s.standin.submit(s.people.ana, opened, { name: 'lap' });
    expect((await s.standin.answered(wrong)).content).toContain('another name than "lab"');
    expect(s.fake.asked).toEqual([]);
    const right = s.standin.submit(s.people.ana, opened, { name: 'lab' });
    expect((await s.standin.answered(right)).content).toContain('are removed');
    expect(s.fake.asked).toMatchObject([{ what: 'destroy', args: ['lab', { purge: true }], asked: { by: 'ana' } }]);
    expect(s.standin.messages(s.audit).map(({ message }) => message.content)).toEqual([
      expect.stringMatching(/^⚠️ \*\*ana\*\* \(<@\d+>\) `\/machine destroy workspace:lab` · confirmed → done$/),
    ]);
  });

  test('is not acted on where it cannot be written down', async () => {
    await using s = await stage();
    for (const break_ of ['send', 'gone', 'unset'] as const) {
      const channel = s.standin.state.channels.get(s.audit);
      if (break_ === 'send' && channel) channel.denied = 'send';
      if (break_ === 'gone') s.standin.state.channels.delete(s.audit);
      const guild = await s.store.read('guilds', s.guild);
      if (break_ === 'unset' && guild) await s.store.save('guilds', { ...guild, audit: null });
      const asked = s.standin.run(s.people.ana, s.ops, 'restore latest', { workspace: 'lab' });
      await s.standin.answered(asked);
      await s.standin.answered(s.standin.press(s.people.ana, asked, 'Yes, do it'));
      await s.standin.until(() => asked.original?.content.includes('written down in the audit channel first'));
    }
    expect(s.fake.asked).toEqual([]);
  });

  test('can be answered with no', async () => {
    await using s = await stage();
    const asked = s.standin.run(s.people.ana, s.ops, 'abandon', { workspace: 'lab', why: 'the disk is dead' });
    await s.standin.answered(asked);
    s.standin.press(s.people.ana, asked, 'Cancel');
    await s.standin.until(() => asked.original?.content === 'Nothing was done.');
    expect(s.fake.asked).toEqual([]);
  });

  test('about putting everything to sleep names everything', async () => {
    await using s = await stage({ names: ['lab', 'slow'], pace: 0.01 });
    for (const workspace of ['lab', 'slow'])
      await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace }));
    await s.standin.until(() => [...s.fake.machines.values()].filter(({ complete }) => complete).length === 2);
    const asked = s.standin.run(s.people.ana, s.ops, 'hibernate', { all: true });
    expect((await s.standin.answered(asked)).content).toContain('lab, slow');
    s.standin.press(s.people.ana, asked, 'Yes, do it');
    await s.standin.until(() => s.fake.asked.filter(({ what }) => what === 'hibernate').length === 2, 10_000);
    expect(s.fake.asked.filter(({ what }) => what === 'hibernate').map(({ args }) => args[0])).toEqual(['lab', 'slow']);
  });
});
