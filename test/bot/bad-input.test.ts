import { describe, expect, test } from 'vitest';
import { customId, readCustomId } from '../../bot/custom-id.ts';
import { clip, fitted, plain } from '../../bot/discord/message.ts';
import type { RaceView } from '../../engine/domain/doors.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { snapshot } from '../http/fake-engine.ts';
import { ranked } from '../http/fake-market.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { EVERY } from './every-command.ts';
import { type Stage, stage } from './stage.ts';

const NASTY = '@everyone <@&1400000000000000001> **b** `c` ||d|| [e](https://f.test) \n# g ```h';
const refused = (s: Stage) => s.standin.state.seen.filter(({ status }) => status === 400);

describe.concurrent('bad input', () => {
  test('an id typed past the suggestions, a date that is none, a span that is none: said in words', async () => {
    await using s = await stage();
    const tries = [
      ['wake', { workspace: 'no-such' }, 'There is no workspace named "no-such". Known: lab.'],
      ['restore snapshot', { workspace: 'lab', snapshot: 'ffff' }, 'There is no snapshot "ffff" of lab.'],
      ['restore path', { workspace: 'lab', path: '/workspace/none' }, 'has no /workspace/none.'],
      ['restore date', { workspace: 'lab', date: '2026-02-31' }, 'is no date like'],
      ['restore date', { workspace: 'lab', date: '2020-01-01' }, 'has no good snapshot as of 2020-01-01'],
      ['keep', { workspace: 'lab', for: 'forever' }, 'is not a length of time'],
      ['run', { workspace: 'lab', command: 'echo "open' }, 'A quote is not closed.'],
      ['schedule', { workspace: 'lab', wake: 'someday' }, 'is not days and a time'],
      ['schedule', { workspace: 'lab', wake: 'daily 7:00', zone: 'Moon/Sea' }, 'is no time zone'],
      ['savings', { currency: 'EUR' }, 'no rate here by which they would be EUR'],
      ['savings', { period: '2026-13' }, 'is no period'],
      ['savings', { period: '2999-01' }, 'is no period that is here'],
      ['savings', { baseline: 'market', price: 2 }, 'compared with one thing'],
      ['savings', { price_name: 'g5' }, 'say price as well'],
      ['report schedule', { every: 'daily', zone: 'Mars/Olympus' }, 'is no time zone'],
      ['share', { workspace: 'lab', with: 'nobody', as: 'viewer' }, ''],
      ['hibernate', {}, 'Say which workspace, or all.'],
      ['logs', { workspace: 'lab', date: '2026-02-31' }, 'is no day like 2026-01-15'],
    ] as const;
    for (const [path, options, words] of tries) {
      const answer = await s.standin.answered(s.standin.run(s.people.ana, s.ops, path, options));
      expect(answer.content, path).toContain(words);
    }
    expect(s.fake.asked.map(({ what }) => what).filter((what) => what !== 'share')).toEqual([]);
  });

  test('a report without a zone says which it is at, and the next one here takes the last one that was said', async () => {
    await using s = await stage();
    const schedule = async (options: object) =>
      (await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'report schedule', { every: 'daily', ...options })))
        .content;
    expect(await schedule({})).toContain('that is the time in UTC');
    expect(await schedule({ every: 'weekly', zone: 'America/Sao_Paulo' })).not.toContain('No time zone');
    expect(await schedule({ every: 'monthly' })).toContain('that is the time in America/Sao');
    const asked = await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'savings', { csv: true }));
    expect(asked.attachments.map(({ filename }) => filename)).toEqual([expect.stringMatching(/^savings-.*\.csv$/)]);
  });

  test('a busy workspace offers to follow what it is busy with', async () => {
    await using s = await stage({ pace: 0.3 });
    await s.standin.answered(s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' }));
    s.fake.trouble.fail = new Failure('workspace_busy', { workspace: 'lab', sight: 'waking' });
    await s.standin.until(async () => true);
    await new Promise((resolve) => setTimeout(resolve, 600)); // its memory looks again after a moment
    const asked = s.standin.run(s.people.ana, s.ops, 'machine pause', { workspace: 'lab' });
    expect((await s.standin.answered(asked)).content).toContain(
      'lab is waking; wait for that to end, or follow it with "/status workspace:lab"',
    );
    s.fake.trouble.fail = null;
    const followed = s.standin.press(s.people.ana, asked, 'Follow it');
    expect((await s.standin.answered(followed)).content).toContain('Follow it here');
  });

  test('names, errors and lists far over what Discord takes: all fit, nothing rings, nothing is cut in half [promise 15]', async () => {
    await using s = await stage({ names: [] });
    const host = `${NASTY} ${'x'.repeat(300)}`;
    const lab = await s.fake.engine.create('lab', { need: { gpu: 'g'.repeat(200) } }, { by: 'ana', key: null });
    for (let i = 0; i < 99; i += 1)
      s.fake.workspaces.set(`w${i}-${'n'.repeat(30)}`, { ...lab, id: `w${i}-${'n'.repeat(30)}` });
    for (let i = 0; i < 100; i += 1)
      s.fake.snapshots.push({
        ...snapshot('lab', 100 + i, `${NASTY} ${'y'.repeat(450)}`),
        tags: ['t'.repeat(90)],
        contentHash: `${i}`,
      });
    s.fake.trouble.fail = new TypeError(`${NASTY} ${'z'.repeat(4_000)}`);
    const ana = { ...s.people.ana, permissions: EVERYBODY | (1n << 5n) };
    for (const fail of [
      s.fake.trouble.fail,
      new Failure('bad_request', { why: `${NASTY} ${'z'.repeat(4_000)}` }),
      null,
    ]) {
      s.fake.trouble.fail = fail;
      for (const [path, options] of EVERY.filter(([path]) => !path.startsWith('machine create'))) {
        const answer = await s.standin.answered(s.standin.run(ana, s.ops, path, options));
        expect(answer.content, path).not.toBe('');
      }
    }
    s.fake.trouble.fail = null;
    const [offer] = ranked({});
    if (!offer) throw new Error('nothing is on offer');
    const asked = s.standin.run(ana, s.ops, 'wake', { workspace: 'lab' });
    await s.standin.answered(asked);
    const racers: RaceView['racers'] = Array.from({ length: 15 }, (_, i) => ({
      machine: `m${i}`,
      round: 3,
      state: 'booting',
      since: Date.now(),
      why: host,
      offer: { ...offer.offer, host, region: host, gpu: host },
    }));
    s.fake.tell({ event: 'race.began', workspace: 'lab', race: 'r', machines: 15, why: host });
    for (const { machine } of racers)
      s.fake.tell({
        event: 'machine.moved',
        workspace: 'lab',
        machine,
        from: 'renting',
        to: 'booting',
        why: host,
        ms: 1,
        offer: { gpu: host, host, region: host, dollarsPerHour: 1 },
      });
    s.fake.tell({
      event: 'work.at_risk',
      workspace: 'lab',
      machine: 'm1',
      why: host.repeat(9),
      paths: Array.from({ length: 200 }, () => host),
    });
    await s.standin.until(
      () => s.standin.messages(s.ops).some(({ message }) => message.content.includes('work is at risk')),
      25_000,
    );
    await s.standin.until(
      () => s.standin.messages(s.ops)[0]?.message.embeds[0]?.description?.includes('✓') !== undefined,
      25_000,
    );
    const log = s.standin.run(ana, s.ops, 'logs', { workspace: 'lab', last: 50 });
    expect((await s.standin.answered(log)).embeds[0]?.description).toContain('… ');
    const typed = s.standin.suggest(ana, s.ops, 'wake', 'workspace', '');
    await s.standin.acked(typed);
    expect(typed.choices).toHaveLength(25);
    expect(refused(s)).toEqual([]);
    expect(s.standin.state.wrong).toEqual([]);
    expect(s.standin.messages(s.ops).flatMap(({ pinged }) => pinged)).toEqual([]);
    expect(s.standin.messages(s.audit).flatMap(({ pinged }) => pinged)).toEqual([]);
  });

  test('a button of another version is answered in words', async () => {
    await using s = await stage();
    const card = s.standin.run(s.people.ana, s.ops, 'status', { workspace: 'lab' });
    await s.standin.answered(card);
    const text = JSON.stringify(card.original).replace('v1:logs', 'v0:logs');
    card.original = JSON.parse(text);
    const pressed = s.standin.press(s.people.ana, card, 'Log');
    expect((await s.standin.answered(pressed)).content).toContain('another version of Dumont');
    expect(readCustomId('v2:logs:lab')).toBeNull();
    expect(readCustomId('v1:explode:lab')).toBeNull();
    expect(readCustomId(customId({ does: 'keep', workspace: 'lab', minutes: 60 }))).toEqual({
      does: 'keep',
      workspace: 'lab',
      minutes: 60,
    });
  });

  test('text is cut where it hurts least', () => {
    expect(clip('x'.repeat(10), 5)).toBe('xxxx…');
    expect(clip(`a\n\`\`\`\n${'x'.repeat(100)}\n\`\`\``, 40)).toMatch(/^a\n```\nx+…\n```$/);
    expect(clip('ab😀', 4)).toBe('ab😀');
    expect(clip('abc😀de', 5)).toBe('abc…');
    expect(plain('@here <@1> **b**')).toBe('@\u200bhere <\u200b@\u200b1> \\*\\*b\\*\\*');
    const long = fitted({
      content: 'c'.repeat(3_000),
      embeds: [
        {
          title: 't'.repeat(999),
          description: 'd'.repeat(9_999),
          fields: Array.from({ length: 40 }, () => ({ name: 'n'.repeat(999), value: 'v'.repeat(9_999) })),
        },
      ],
    });
    expect(long.content).toHaveLength(2_000);
    const [embed] = long.embeds ?? [];
    const total = [
      embed?.title,
      embed?.description,
      ...(embed?.fields ?? []).flatMap(({ name, value }) => [name, value]),
    ].join('').length;
    expect(total).toBeLessThanOrEqual(6_000);
  });
});
