import { describe, expect, test } from 'vitest';
import type { AlertKind } from '../../engine/domain/alert.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { MAY } from '../standins/discord/state.ts';
import { type Stage, stage } from './stage.ts';

const MACHINE = 'm-1';
const ROLE = '1400000000000000001';
const warning = (inMs = 120_000): Talk => ({
  event: 'machine.idle_warning',
  workspace: 'lab',
  machine: MACHINE,
  why: 'idle for 3 minutes: GPU 0 %, CPU 1.2 %, nobody logged in',
  actsAt: Date.now() + inMs,
  inMs,
  dollarsPerHour: 0.31,
});
const raised = (kind: AlertKind = 'backups_failing', why = 'three backups in a row failed'): Talk => ({
  event: 'alert.raised',
  workspace: 'lab',
  kind,
  why,
  mend: 'See whether storage answers.',
});
const resolved: Talk = { event: 'alert.resolved', workspace: 'lab', kind: 'backups_failing', why: '', forMs: 60_000 };
const said = async (s: Stage, words: string | RegExp, channel = s.ops, ms = 25_000) =>
  await s.standin.until(
    () =>
      s.standin
        .messages(channel)
        .find(({ message: { content } }) =>
          typeof words === 'string' ? content.includes(words) : words.test(content),
        ),
    ms,
    String(words),
  );

const awake = (engine: Engine): Engine => ({
  ...engine,
  status: async (name, part) => (await engine.status(name, part)).map((view) => ({ ...view, sight: 'awake' })),
});

describe.concurrent('a warning before sleep', () => {
  test('says why, what it costs and when; its button works for whoever may operate the workspace, and only for them', async () => {
    await using s = await stage({ change: awake });
    s.fake.tell(warning());
    const panel = await said(s, 'goes to sleep');
    expect(panel.message.embeds[0]?.description).toMatch(
      /idle for 3 minutes: GPU 0 %.*\nIt costs \$0\.31\/h until then.*<t:\d+:T>/,
    );
    expect(panel.pinged).toEqual([]);
    const on = { channel: s.ops, message: panel.message.id };
    const stranger = s.standin.press(s.people.eve, on, 'Keep 1 h');
    expect((await s.standin.answered(stranger)).content).toContain('not linked');
    const viewer = s.standin.press(s.people.vi, on, 'Keep 1 h');
    expect((await s.standin.answered(viewer)).content).toContain('There is no workspace');
    expect(s.fake.asked).toEqual([]);
    const owner = s.standin.press(s.people.ana, on, 'Keep 1 h');
    expect((await s.standin.answered(owner)).content).toMatch(/^\*\*lab\*\* stays awake until <t:\d+:t>/);
    expect(s.fake.asked).toMatchObject([{ what: 'keep', args: ['lab', { forMs: 3_600_000 }], asked: { by: 'ana' } }]);
    s.fake.tell({ event: 'workspace.kept', workspace: 'lab', by: 'ana', until: Date.now() + 3_600_000, why: '' });
    const kept = await said(s, 'is kept awake by ana');
    expect(kept.message.id).toBe(panel.message.id);
    expect(kept.message.components).toEqual([]);
    expect(kept.message.embeds[0]?.description).not.toContain('proved at'); // it does not happen now
  });

  test('that nobody heard in time is not told any more', async () => {
    await using s = await stage();
    await s.restart(() => s.fake.tell(warning(-1_000)));
    s.fake.tell(raised());
    await said(s, 'backups fail');
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });
});

describe.concurrent('an alert', () => {
  test('rings no role that nobody may mention, and /settings says so when it is chosen', async () => {
    await using s = await stage();
    const quiet = s.standin.role('on duty', { mentionable: false }).id;
    const admin = { ...s.people.ana, permissions: EVERYBODY | (1n << 5n) };
    const choose = async (ping: string) =>
      (await s.standin.answered(s.standin.run(admin, s.ops, 'settings', { ping }))).content;
    expect(await choose(quiet)).toContain(`Nobody in <@&${quiet}> would hear it ring`);
    s.fake.tell(raised());
    expect((await said(s, 'backups fail')).pinged).toEqual([]);
    expect(await choose(s.standin.role('everybody').id)).not.toContain('Nobody in');
    s.standin.state.appPermissions |= MAY.mentionEveryone;
    expect(await choose(quiet)).not.toContain('Nobody in');
    s.fake.tell(resolved);
    await said(s, /over/);
    s.fake.tell(raised('backup_late'));
    expect((await said(s, 'late')).pinged).toEqual([`role ${quiet}`]);
  });

  test('rings once, on failure only, and is edited when it is over', async () => {
    await using s = await stage({ guild: { pingRole: ROLE } });
    s.standin.role('on duty', { id: ROLE });
    s.fake.tell(raised());
    const alert = await said(s, 'backups fail');
    expect(alert.message.content).toContain(`<@&${ROLE}>`);
    expect(alert.pinged).toEqual([`role ${ROLE}`]);
    s.fake.tell(raised('backups_failing', 'four backups in a row failed'));
    await s.standin.until(() =>
      s.standin.messages(s.ops)[0]?.message.embeds[0]?.description?.includes('Four backups in a row'),
    );
    const list = await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'alerts'));
    expect(list.embeds[0]?.description).toContain('four backups in a row failed');
    s.fake.tell(resolved);
    const over = await said(s, /^🟢 \*\*lab\*\*: over/);
    expect(over.message.id).toBe(alert.message.id);
    expect(over.pinged).toHaveLength(1);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
    expect((await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'alerts'))).embeds[0]?.description).toBe(
      'Nothing is wrong.',
    );
  });

  test('that came and stands while we were away is posted once, also by the process after the next', async () => {
    await using s = await stage();
    await s.restart(() => s.fake.tell(raised()));
    await said(s, 'backups fail');
    await s.restart();
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'status'));
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });

  test('is not told to a server that hears of its own workspaces only', async () => {
    await using s = await stage();
    const other = s.standin.guild('Others');
    const theirs = s.standin.channel(other, 'theirs');
    const row = await s.store.read('guilds', s.guild);
    if (!row) throw new Error('there is no server');
    await s.store.save('guilds', { ...row, id: other, version: 0, channel: theirs, audit: theirs, hears: 'its own' });
    s.fake.tell(raised());
    await said(s, 'backups fail');
    expect(s.standin.messages(theirs)).toEqual([]);
  });
});

describe.concurrent('a list that renews itself', () => {
  test('is one per channel, and never two', async () => {
    await using s = await stage();
    for (let i = 0; i < 2; i += 1)
      expect(
        (await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'status', { panel: true }))).content,
      ).toContain('renews itself');
    expect(s.standin.messages(s.ops)).toHaveLength(1);
    const rui = s.standin.run(s.people.rui, s.ops, 'status', { panel: true });
    expect((await s.standin.answered(rui)).content).toContain('Só um admin');
    await s.restart();
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });
});

describe.concurrent('a panel', () => {
  test('is edited when it has something new to say, and left alone otherwise', async () => {
    await using s = await stage();
    s.fake.tell(warning());
    await said(s, 'goes to sleep');
    await new Promise((resolve) => setTimeout(resolve, 4_500)); // it is looked at every 2 s
    expect(s.standin.messages(s.ops).map(({ edits }) => edits)).toEqual([0]);
  });

  test('of a backup says nothing of the race before it, and how to get in is said by wakes only', async () => {
    await using s = await stage();
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    const woken = await said(s, '✅ **lab** is awake');
    expect(JSON.stringify(woken.message.embeds)).toMatch(/race\.png.*|ssh -p/);
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'snapshot create', { workspace: 'lab' }));
    const texts = new Set<string>();
    const done = await s.standin.until(() => {
      const panel = s.standin.messages(s.ops).find(({ message }) => message.embeds[0]?.title === 'snapshot lab');
      if (panel) texts.add(JSON.stringify(panel.message));
      return panel?.message.content.startsWith('✅') && panel.message;
    });
    expect(done.content).toBe('✅ **lab**: snapshot a1b2c3d4 is proved');
    expect([...texts].filter((text) => /races|race\.png|ssh -p/.test(text))).toEqual([]);
  });

  test('says about what a race wasted, and exactly that once the ledger has it, also when it was over; not that of another race', async () => {
    await using s = await stage();
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    const waste = () =>
      s.standin
        .messages(s.ops)
        .flatMap(({ message }) => message.embeds[0]?.fields ?? [])
        .find(({ name }) => name === 'Waste')?.value;
    await s.standin.until(() => waste() === 'about $0.0093');
    await said(s, '✅ **lab** is awake');
    const [operation = ''] = s.fake.operations.keys();
    await expect.poll(async () => (await s.store.read('panels', `p-${operation}`))?.closedAt).not.toBeNull();
    const counted = { event: 'race.counted', workspace: 'lab', operation } as const;
    s.fake.tell({ ...counted, race: 'r-before', wasteMicro: 1 });
    s.fake.tell({ ...counted, race: `r-${operation}`, wasteMicro: 8_412 });
    await s.standin.until(() => waste() === '$0.0084');
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });

  test('whose message was deleted is posted anew', async () => {
    await using s = await stage({ pace: 0.15 });
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    const first = await said(s, '**lab**');
    s.standin.state.messages.get(s.ops)?.clear();
    const last = await said(s, '✅ **lab** is awake');
    expect(last.message.id).not.toBe(first.message.id);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
  });

  test('that is too old to be edited is posted anew as well', async () => {
    await using s = await stage({ pace: 0.3, settings: { editableMs: 2_500 } });
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    await said(s, '✅ **lab** is awake', s.ops, 25_000);
    expect(s.standin.messages(s.ops)).toHaveLength(1);
    expect(s.standin.state.seen.some(({ status }) => status === 400)).toBe(true);
  });

  test('of a channel that is gone: the work goes on, people are told in words, and nothing is asked of it again', async () => {
    await using s = await stage();
    s.standin.state.channels.delete(s.ops);
    const talk = s.standin.channel(s.guild, 'talk');
    const answer = await s.standin.answered(s.standin.run(s.people.ana, talk, 'wake', { workspace: 'lab' }));
    expect(answer.content).toContain('An admin can choose a channel with /settings');
    expect(s.fake.asked).toHaveLength(1);
    const tried = s.standin.state.seen.filter(({ path }) => path.includes(`/channels/${s.ops}`)).length;
    s.fake.tell(raised());
    await s.standin.answered(s.standin.run(s.people.ana, talk, 'logs', { workspace: 'lab' }));
    expect(s.standin.state.seen.filter(({ path }) => path.includes(`/channels/${s.ops}`)).length).toBe(tried);
    expect(tried).toBeLessThan(3);
  });

  test('of a server that threw the bot out and invited it again stands there again', async () => {
    await using s = await stage();
    const guild = s.standin.state.guilds.get(s.guild);
    if (!guild) throw new Error('there is no server');
    guild.here = false;
    s.fake.tell(raised());
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.panel_shut'));
    guild.here = true;
    const answer = await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    expect(answer.content).toContain('Follow it here');
    s.fake.tell(raised('backup_late'));
    await said(s, 'a backup is late');
  });
});
