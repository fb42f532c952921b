import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OWNER } from '../../engine/domain/account.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { type Stage, stage } from './stage.ts';

const raised = (why: string): Talk => ({
  event: 'alert.raised',
  workspace: 'lab',
  kind: 'backups_failing',
  why,
  mend: '',
});
const resolved: Talk = { event: 'alert.resolved', workspace: 'lab', kind: 'backups_failing', why: '', forMs: 60_000 };
const texts = (s: Stage) => s.standin.messages(s.ops).map(({ message }) => message.content);

describe.concurrent('what is told', () => {
  test('is told once on a store that takes its time, is over when it is over, and is not told again by later starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dumont-told-'));
    {
      await using rows = await openStore(folder);
      await using s = await stage({ rows });
      await s.restart(() => {
        s.fake.tell(raised('three backups in a row failed'));
        s.fake.tell(resolved);
        s.fake.tell(raised('four backups in a row failed'));
        s.fake.tell(raised('five backups in a row failed'));
      });
      await s.standin.until(() => texts(s).some((text) => text.startsWith('🔴')));
      expect(texts(s)).toHaveLength(1);
      s.fake.tell(resolved);
      await s.standin.until(() => texts(s).some((text) => text.startsWith('🟢')));
      await s.restart();
      await s.restart();
      s.fake.tell({ ...raised('it is late'), kind: 'backup_late' } as Talk);
      await s.standin.until(() => texts(s).some((text) => text.includes('a backup is late')));
      expect(texts(s)).toHaveLength(2);
    }
    await rm(folder, { recursive: true, force: true });
  });
});

describe.concurrent('a channel that cannot be written to', () => {
  test('silences itself, and no other; what was told meanwhile comes when the server has a channel again', async () => {
    await using s = await stage();
    const other = s.standin.channel(s.guild, 'other');
    s.standin.state.channels.delete(other);
    const row = { id: 's-other', version: 0, kind: 'status', guild: s.guild, channel: other, message: null } as const;
    const more = { workspace: null, operation: null, user: null, facts: {}, postedAt: null, closedAt: null };
    await s.store.save('panels', { ...row, ...more, openedAt: Date.now() });
    await s.restart();
    await s.standin.until(() => s.logged.some(({ facts }) => facts.channel === other));
    s.fake.tell(raised('three backups in a row failed'));
    await s.standin.until(() => texts(s).length === 1);
    expect((await s.store.read('guilds', s.guild))?.trouble).toBeNull();

    s.standin.state.channels.delete(s.ops);
    s.fake.tell({ ...raised('it is late'), kind: 'backup_late' } as Talk);
    await s.standin.until(() =>
      s.logged.some(({ event, facts }) => event === 'discord.panel_shut' && facts.channel === s.ops),
    );
    s.fake.tell({ event: 'work.at_risk', workspace: 'lab', machine: 'm-1', why: 'two files', paths: [] });
    const talk = s.standin.channel(s.guild, 'talk');
    await s.standin.answered(
      s.standin.run({ ...s.people.ana, permissions: EVERYBODY | (1n << 5n) }, talk, 'settings', { channel: talk }),
    );
    await s.standin.until(() => s.standin.messages(talk).length === 2);
    expect((await s.store.read('guilds', s.guild))?.trouble).toBeNull();
  });
});

test('a warning whose machine is lost says so, and one of another machine stands', async () => {
  await using s = await stage();
  const warning = { event: 'machine.idle_warning', workspace: 'lab', why: 'idle', inMs: 120_000 } as const;
  const facts = { actsAt: Date.now() + 120_000, dollarsPerHour: 0.31 };
  s.fake.tell({ ...warning, ...facts, machine: 'm-1' });
  s.fake.tell({ ...warning, ...facts, machine: 'm-2' });
  await s.standin.until(() => texts(s).length === 2);
  s.fake.tell({ event: 'machine.lost', workspace: 'lab', machine: 'm-1', lastProvedAt: null, why: 'it is silent' });
  await s.standin.until(
    () => texts(s).length === 3 && texts(s).filter((one) => one.includes('goes to sleep')).length === 1,
  );
});

test('a warning that ended in going to sleep says so when it stays awake after all', async () => {
  await using s = await stage();
  const of = { workspace: 'lab', machine: 'm-1' } as const;
  const facts = { why: 'idle', inMs: 120_000, actsAt: Date.now() + 120_000, dollarsPerHour: 0.31 };
  s.fake.tell({ event: 'machine.idle_warning', ...of, ...facts });
  await s.standin.until(() => texts(s).some((text) => text.includes('goes to sleep')));
  const offer = { gpu: 'RTX 4090', host: 'alpha', region: 'eu', dollarsPerHour: 0.31 };
  s.fake.tell({ event: 'machine.moved', ...of, from: 'running', to: 'saving', why: 'idle', ms: 1, offer });
  await s.standin.until(() => texts(s).some((text) => text.includes('is going to sleep')));
  await closed(s);
  s.fake.tell({ event: 'machine.stays_awake', ...of, machine: 'm-2', why: 'another one' });
  s.fake.tell({ event: 'machine.stays_awake', ...of, why: 'the GPU is 90 % busy' });
  await s.standin.until(() => texts(s).some((text) => text.includes('stays awake: the GPU is 90 % busy')));
  expect(texts(s)).toHaveLength(1);
});

async function closed(s: Stage): Promise<void> {
  let done = false;
  const look = async () => {
    done = (await s.store.list('panels')).every(({ closedAt }) => closedAt !== null);
  };
  await s.standin.until(() => {
    void look();
    return done;
  });
}

describe.concurrent('a report whose channel is gone', () => {
  const due = (s: Stage, channel: string): Extract<Talk, { event: 'report.due' }> => {
    const [from, until] = [Date.UTC(2026, 7, 1), Date.UTC(2026, 7, 3)];
    const what = {
      event: 'report.due',
      workspace: null,
      report: 'rp1',
      due: until + 9 * 3_600_000,
      from,
      until,
    } as const;
    return { ...what, guild: s.guild, channel, language: 'en', zone: 'UTC', every: 'daily', by: 'ana' };
  };
  const posted = (s: Stage, channel = s.ops) =>
    s.standin
      .messages(channel)
      .map(({ message }) => message.content)
      .filter((text) => text.includes('daily report'));

  test('stands where the server hears of trouble, says so, and is posted once however often it is due', async () => {
    await using s = await stage();
    const gone = s.standin.channel(s.guild, 'money');
    s.standin.state.channels.delete(gone);
    s.fake.tell(due(s, gone));
    await s.standin.until(() => posted(s).length === 1);
    expect(posted(s)[0]).toContain(`It was to stand in <#${gone}>`);
    await s.restart(() => s.fake.tell(due(s, gone)));
    s.fake.tell(raised('something else'));
    await s.standin.until(() => texts(s).some((text) => text.startsWith('🔴')));
    expect(posted(s)).toHaveLength(1);
  });

  test('comes once when there is a bot again, however long ago it was due', async () => {
    await using s = await stage();
    const { workspace, guild, channel, language, zone, every, by, due: at, from, until } = due(s, s.ops);
    const row = { workspace, guild, channel, language, zone, every, by, id: 'rp9', version: 0, time: '09:00' };
    await s.restart(async () => {
      await s.store.save('reports', { ...row, doneAt: at, waiting: [{ due: at, from, until }] });
    });
    await s.standin.until(() => posted(s).length === 1);
    await s.restart(async () => {
      for (const panel of await s.store.list('panels')) await s.store.remove('panels', panel); // as after a week
    });
    s.fake.tell(raised('something else'));
    await s.standin.until(() => texts(s).some((text) => text.startsWith('🔴')));
    expect(posted(s)).toHaveLength(1);
    expect((await s.store.read('reports', 'rp9'))?.waiting).toEqual([]);
  });

  test('waits where there is no other one, an admin can see why, and it comes once when there is one again', async () => {
    await using s = await stage({ guild: { channel: null } });
    const gone = s.standin.channel(s.guild, 'money');
    s.standin.state.channels.delete(gone);
    s.fake.tell(due(s, gone));
    await s.standin.until(() => s.logged.some(({ event }) => event === 'discord.panel_shut'));
    const monthAgo = Date.now() - 30 * 24 * 3_600_000;
    await s.restart(async () => {
      const [panel] = await s.store.list('panels');
      await s.store.save('panels', { ...panel!, closedAt: monthAgo });
    });
    expect((await s.store.read('guilds', s.guild))?.trouble).toEqual(expect.any(String));
    const admin = { ...s.people.ana, permissions: EVERYBODY | (1n << 5n) };
    await s.standin.answered(s.standin.run(admin, s.ops, 'settings', { channel: s.ops }));
    await s.standin.until(() => posted(s).length === 1);
    await s.restart(() => s.fake.tell(due(s, gone)));
    s.fake.tell(raised('something else'));
    await s.standin.until(() => texts(s).some((text) => text.startsWith('🔴')));
    expect(posted(s)).toHaveLength(1);
    expect((await s.store.read('guilds', s.guild))?.trouble).toBeNull();
  });
});

describe.concurrent('whose eyes a report is seen with', () => {
  const day = { from: Date.UTC(2026, 7, 2), until: Date.UTC(2026, 7, 3) };
  async function dueOf(s: Stage, by: string): Promise<void> {
    const at = day.until + 9 * 3_600_000;
    const about = { workspace: null, guild: s.guild, channel: s.ops, language: 'en', zone: 'UTC', by } as const;
    const row = { ...about, every: 'daily', time: '09:00', id: 'rp1', version: 0 } as const;
    await s.restart(async () => {
      await s.store.save('reports', { ...row, doneAt: at, waiting: [{ due: at, ...day }] });
    });
    await s.standin.until(() => texts(s).length === 1);
    await closed(s);
  }

  test('the owner of the engine has no account, and a report all the same', async () => {
    await using s = await stage();
    await dueOf(s, OWNER);
    expect(texts(s)[0]).toContain('daily report');
    expect(await s.store.read('reports', 'rp1')).toMatchObject({ waiting: [] });
  });

  test('one of an account that was ended says so once, and is the last', async () => {
    await using s = await stage();
    const vi = await s.store.read('accounts', 'vi');
    await s.store.save('accounts', { ...vi!, endedAt: 2 });
    await dueOf(s, 'vi');
    expect(texts(s)[0]).toContain('the account vi was ended');
    expect(await s.store.read('reports', 'rp1')).toBeNull();
  });
});
