import { HTTPError } from '@discordjs/rest';
import { expect, test } from 'vitest';
import type { Discord } from '../../bot/discord/rest.ts';
import { drawAlert } from '../../bot/panels/alert.ts';
import { createWriter, type Shelf } from '../../bot/panels/writer.ts';
import type { Panel } from '../../engine/domain/discord.ts';

/** More than any of these stories takes. */
const TURNS = 500;

/** One alert, one channel, and a clock that jumps to the end of each sleep. */
function desk(post: () => Promise<{ readonly id: string }>) {
  let now = 1_700_000_000_000;
  const slept: number[] = [];
  const did: string[] = [];
  const panel = {
    id: 'a-1',
    kind: 'alert',
    channel: '1',
    message: null,
    openedAt: now,
    postedAt: null,
    closedAt: null,
  };
  let row = { ...panel, version: 1, guild: '2', workspace: 'lab', operation: null, user: null, facts: {} } as Panel;
  let say = 'first';
  const shelf: Shelf = {
    read: async () => row,
    change: async (_id, to) => {
      row = { ...row, ...to };
      return row;
    },
    draw: async () => ({ message: { content: say }, last: false }),
    posted: async () => undefined,
    shut: async () => undefined,
  };
  const discord = {
    post: async () => {
      did.push('post');
      return await post();
    },
    edit: async () => {
      did.push('edit');
      return { againInMs: 0 };
    },
    remove: async () => void did.push('remove'),
  } as unknown as Discord;
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      slept.push(ms);
      now += ms;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
  const writer = createWriter(discord, shelf, clock, () => undefined);
  return {
    did,
    slept,
    row: () => row,
    async write(content: string, { after = 0 } = {}) {
      now += after;
      say = content;
      writer.touch(row);
      for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      await writer[Symbol.asyncDispose]();
    },
  };
}

test('an alert that stands for hours stays the message it is', async () => {
  const d = desk(async () => ({ id: 'm1' }));
  await d.write('first');
  expect(d.did).toEqual(['post']);
  const older = desk(async () => ({ id: 'm2' }));
  Object.assign(older.row(), { message: 'm1', postedAt: 1_700_000_000_000 });
  await older.write('again', { after: 3 * 3_600_000 });
  expect(older.did).toEqual(['edit']);
});

test('while Discord is down for long an alert waits a minute at most, and is written then', async () => {
  let left = 30;
  const d = desk(async () => {
    left -= 1;
    if (left < 0) return { id: 'm1' };
    if (left % 2 === 0) throw new TypeError('fetch failed');
    throw new HTTPError(503, 'Service Unavailable', 'POST', 'http://127.0.0.1/', {});
  });
  await d.write('first');
  expect(d.did.filter((one) => one === 'post')).toHaveLength(31);
  expect(Math.max(...d.slept)).toBeLessThanOrEqual(60_000);
  expect(d.row().message).toBe('m1');
});

test('what Discord refuses is given up', async () => {
  const d = desk(async () => {
    throw new HTTPError(400, 'Bad Request', 'POST', 'http://127.0.0.1/', {});
  });
  await d.write('first');
  expect(d.did.length).toBeLessThan(10);
});

test('the role is rung by the first post, and by none after it', () => {
  const talk = { event: 'alert.raised', workspace: 'lab', kind: 'backups_failing', why: '', mend: '' };
  const words = { alert: { open: () => '', title: () => '', since: () => '' }, event: () => '', button: { logs: '' } };
  const sheet = { words, guild: { pingRole: '7' }, now: 1 } as unknown as Parameters<typeof drawAlert>[1];
  const rung = (postedAt: number | null) =>
    drawAlert({ workspace: 'lab', postedAt, facts: { talk, at: 1, resolved: null } } as unknown as Panel, sheet)
      ?.message.allowed_mentions;
  expect(rung(null)).toEqual({ parse: [], roles: ['7'] });
  expect(rung(1)).toEqual({ parse: [] });
});
