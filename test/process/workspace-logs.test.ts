import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LogLine } from '../../engine/domain/log.ts';
import { createBell } from '../../engine/process/bell.ts';
import { openWorkspaceLogs } from '../../engine/process/workspace-logs.ts';
import { FakeClock } from '../fakes/clock.ts';

const DAY = 24 * 3_600_000;
const T0 = Date.UTC(2026, 2, 1, 23, 59, 0);

/** A folder for logs and a clock that a test moves. */
function logsIn({ at = T0, least = 'INFO' as LogLine['level'], days = 3, bytesADay = 1e6 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-logs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = { now: at };
  const open = () =>
    openWorkspaceLogs(folder, { least, days, bytesADay }, () => clock.now, createBell(new FakeClock()));
  const line = (event: string, more: Partial<LogLine> = {}): LogLine => ({
    ...{ at: clock.now, level: 'INFO', event, by: null, facts: {} },
    ...more,
  });
  return { folder, clock, open, line, logs: open(), files: () => readdirSync(folder).toSorted() };
}

const eventsOf = (lines: readonly LogLine[]): readonly string[] => lines.map(({ event }) => event);

test('each UTC day has a file of its own, through the end of an engine and what a crash left of a line', async () => {
  const { logs, clock, line, folder, open, files } = logsIn();
  logs.note('lab', line('workspace.slept', { facts: { why: 'idle' } }));
  clock.now += 2 * 60_000;
  logs.note('lab', line('workspace.woke'));
  logs.note('train', line('workspace.woke'));
  expect(await logs.days('lab')).toEqual(['2026-03-02', '2026-03-01']);
  expect(files()).toEqual(['lab_2026-03-01.log', 'lab_2026-03-02.log', 'train_2026-03-02.log']);
  expect(statSync(join(folder, 'lab_2026-03-02.log')).mode & 0o777).toBe(0o600);
  expect(await logs.read('lab', '2026-03-01', 0)).toMatchObject([
    { at: T0, level: 'INFO', event: 'workspace.slept', by: null, facts: { why: 'idle' } },
  ]);
  await logs[Symbol.asyncDispose]();
  writeFileSync(join(folder, 'lab_2026-03-02.log'), '{"at":"2026-03-02T00:0', { flag: 'a' });
  await using again = open();
  again.note('lab', line('engine.started'));
  expect(eventsOf(await again.read('lab', '2026-03-02', 0))).toEqual(['workspace.woke', 'engine.started']);
});

test('what a machine said late stands on the day when it happened, and none before the days that are kept', async () => {
  const { logs, clock, line, files } = logsIn();
  logs.note('lab', line('backup.taken', { at: T0 - DAY, by: 'm1' }));
  logs.note('lab', line('too.old', { at: T0 - 3 * DAY, by: 'm1' }));
  logs.note('lab', line('before.time', { at: -1e300, by: 'm1' }));
  logs.note('lab', line('still.to.come', { at: 1e300, by: 'm1' }));
  expect(await logs.days('lab')).toEqual(['2026-03-01', '2026-02-28']);
  expect((await logs.read('lab', '2026-03-01', 0))[0]?.at, 'no later than now').toBe(clock.now);
  clock.now += 3 * DAY;
  logs.note('train', line('workspace.woke'));
  expect(await logs.days('lab'), 'after so many days').toEqual([]);
  expect(files()).toEqual(['train_2026-03-04.log']);
});

test("days that are over go with a new engine too, the engine's own among them, and nothing else does", async () => {
  const { folder, clock, open, files, line } = logsIn();
  for (const name of ['engine-2026-01-01.log', 'lab_2026-01-01.log', 'notes_2026-01-01.txt', 'engine-2026-03-01.log'])
    writeFileSync(join(folder, name), '');
  clock.now += 60_000;
  await using logs = open();
  logs.note('lab', line('engine.started'));
  await logs.days('lab');
  expect(files()).toEqual(['engine-2026-03-01.log', 'lab_2026-03-02.log', 'notes_2026-01-01.txt']);
});

test('a day has an end, which is said once; a machine that talks on and on leaves room for the engine', async () => {
  const { logs, line, folder, open } = logsIn({ bytesADay: 20_000 });
  for (let i = 0; i < 1_000; i++) logs.note('lab', line('chatter', { by: 'm1', level: 'WARNING' }));
  for (let i = 0; i < 10; i++) logs.note('lab', line('snapshot.proved'));
  const events = eventsOf(await logs.read('lab', '2026-03-01', 0));
  expect(events.filter((event) => event === 'log.full')).toHaveLength(1);
  expect(events.filter((event) => event === 'snapshot.proved')).toHaveLength(10);
  for (let i = 0; i < 1_000; i++) logs.note('lab', line('snapshot.proved'));
  await logs.read('lab', '2026-03-01', 0);
  const file = join(folder, 'lab_2026-03-01.log');
  expect(statSync(file).size).toBeLessThan(20_500);
  await using again = open();
  again.note('lab', line('snapshot.proved'));
  expect(eventsOf(await again.read('lab', '2026-03-01', 0)).at(-1), 'the next engine keeps to it').toBe('log.full');
});

test('a line is kept from its level on', async () => {
  const { logs, line } = logsIn({ least: 'WARNING' });
  for (const level of ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const) logs.note('lab', line(level, { level }));
  expect(eventsOf(await logs.read('lab', '2026-03-01', 0))).toEqual(['WARNING', 'ERROR']);
});

test('no name leads out of the folder, and no line breaks out of its own', async () => {
  const { logs, line, files, folder } = logsIn();
  for (const name of ['../lab', 'lab/x', '', '.', 'LAB', 'lab_2026', '__proto__', 'lab\0', '-lab', 'a'.repeat(41)])
    logs.note(name, line('escaped'));
  expect(await logs.read('../lab', '2026-03-01', 0)).toEqual([]);
  expect(await logs.read('lab', '../../x', 0)).toEqual([]);
  expect(files()).toEqual([]);
  const nested = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000));
  const facts = { why: 'one\ntwo\u2028three \u00e7 \u001b[31m', huge: 'x'.repeat(50_000), nested };
  logs.note('lab', line(`odd\n${'e'.repeat(500)}`, { by: 'm1', facts }));
  logs.note('lab', line('next'));
  const [odd, next] = await logs.read('lab', '2026-03-01', 0);
  expect(odd?.facts.why).toBe(facts.why);
  expect(next?.event).toBe('next');
  expect(statSync(join(folder, 'lab_2026-03-01.log')).size).toBeLessThan(12_000);
});

test('a part of a day is read from any line on', async () => {
  const { logs, line } = logsIn();
  for (let i = 0; i < 5; i++) logs.note('lab', line(`event.${i}`, { facts: { why: 'ação' } }));
  const all = await logs.read('lab', '2026-03-01', 0);
  const from = Number(all[2]?.place.slice(-15));
  expect(await logs.read('lab', '2026-03-01', from)).toEqual(all.slice(2));
});

test('what opens anything is not in it', async () => {
  const { logs, line, folder } = logsIn();
  const word = `dmt_t1_${'k'.repeat(43)}`;
  const secrets = {
    why: `PUT https://s3.test/x?X-Amz-Credential=AKIDTEST%2F1&X-Amz-Signature=deadbeef&x=1 with Bearer ${word}`,
    url: 's3://someone:hunter2@host/bucket',
    password: 'hunter3',
    deep: { said: [`aws_secret_access_key = hunter4 ${word}`], sessionToken: 'hunter5' },
  };
  logs.note('lab', line('odd', { by: 'm1', facts: secrets }));
  await logs.days('lab');
  const text = readFileSync(join(folder, 'lab_2026-03-01.log'), 'utf8');
  expect(text).not.toMatch(/hunter|deadbeef|AKIDTEST|kkkkk/);
  expect(text).toContain('https://s3.test/x');
});

test.skipIf(process.platform !== 'linux')('it goes on when a disk that was full has room again', async () => {
  const { logs, line, folder } = logsIn();
  const file = join(folder, 'lab_2026-03-01.log');
  symlinkSync('/dev/full', file);
  logs.note('lab', line('lost.for_want_of_room'));
  await logs.days('lab');
  rmSync(file);
  logs.note('lab', line('kept.again'));
  expect(eventsOf(await logs.read('lab', '2026-03-01', 0))).toEqual(['kept.again']);
});
