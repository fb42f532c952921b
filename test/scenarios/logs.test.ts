import { expect, test } from 'vitest';
import { workspaceAnswers } from '../../bot/answers/workspace.ts';
import { wordsIn } from '../../bot/words/words.ts';
import { askedWords } from '../../engine/domain/asked-words.ts';
import type { LogPart } from '../../engine/domain/doors.ts';
import type { PlacedLine } from '../../engine/domain/log.ts';
import { ONE_OF_EACH } from '../contracts/store-rows.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const DAY = 24 * 60 * MINUTE;
const ALL: LogPart = { least: 'DEBUG', limit: 1_000 };

const eventsOf = (lines: readonly PlacedLine[]): readonly string[] => lines.map(({ event }) => event);

test('the log of a workspace tells its day from wake to sleep, with what its machine noted, through a new engine', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const at = w.clock.now();
  machine.life!.lines = [
    { number: 1, at, level: 'WARNING', event: 'backup.failed', facts: { why: 'storage does not answer' } },
  ];
  await w.clock.advance(MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  await stop();
  const { engine: next, stop: end } = await w.start();
  const lines = await next.logs('lab', ALL);
  const events = eventsOf(lines);
  for (const event of ['race.began', 'race.claimed', 'machine.moved', 'workspace.usable', 'snapshot.proved'])
    expect(events).toContain(event);
  expect(lines.filter(({ by }) => by !== null)).toMatchObject([
    { level: 'WARNING', event: 'backup.failed', by: expect.stringMatching(/^m/), at },
  ]);
  expect(lines.map(({ at: when }) => when)).toEqual(lines.map(({ at: when }) => when).toSorted((a, b) => b - a));
  const won = lines.filter(({ event }) => event === 'race.ended');
  expect(won, 'once, though it is logged and told').toHaveLength(1);
  expect(eventsOf(await next.logs('lab', { ...ALL, least: 'WARNING' }))).toEqual(['backup.failed']);
  await end();
});

test('who decided what about it, and about its backups, stands in its log of that day', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await engine.snapshot('lab', { description: 'first' }, ANA);
  await w.clock.advance(MINUTE);
  await engine.snapshot('lab', { description: 'second' }, ANA);
  await w.clock.advance(MINUTE);
  const [, old] = await engine.snapshots('lab');
  await engine.pin('lab', old!.id, { pinned: true, why: 'the paper' }, ANA);
  await engine.pin('lab', old!.id, { pinned: false, why: '' }, ANA);
  await engine.forget('lab', old!.id, { why: 'a secret was in it', newest: false }, ANA);
  await engine.configure('lab', { retentionDays: 30 }, ANA);
  const asked = (await engine.logs('lab', ALL)).filter(({ event }) => event === 'workspace.asked').toReversed();
  const short = old!.id.slice(0, 8);
  expect(asked.map(({ facts }) => [facts.verb, facts.by, facts.result, facts.why]).slice(-4)).toEqual([
    ['pin', 'ana', short, 'the paper'],
    ['pin', 'ana', `${short}: no more`, undefined],
    ['forget', 'ana', short, 'a secret was in it'],
    ['configure', 'ana', 'retentionDays: 30', undefined],
  ]);
  await stop();
});

test('every decision about it reads as a sentence, in either language', async () => {
  const w = new World();
  await w.store.save('accounts', { ...ONE_OF_EACH.accounts, id: 'joao', version: 0 });
  const { engine, stop } = await awake(w);
  await engine.snapshot('lab', { description: 'first' }, ANA);
  await w.clock.advance(MINUTE);
  await engine.snapshot('lab', { description: 'second' }, ANA);
  await w.clock.advance(MINUTE);
  const [, first] = await engine.snapshots('lab');
  const { id = '' } = first ?? {};
  const short = id.slice(0, 8);
  await engine.pin('lab', id, { pinned: true, why: 'the paper' }, ANA);
  await engine.pin('lab', id, { pinned: false, why: '' }, ANA);
  await engine.configure('lab', { plan: 'pro' }, ANA);
  await engine.keep('lab', { forMs: 60 * MINUTE, why: 'a long\u001b[2J run' }, ANA);
  const until = new Date(w.clock.now() + 60 * MINUTE).toISOString().slice(0, 19).replace('T', ' ');
  await engine.keep('lab', { forMs: null, why: '' }, ANA);
  await engine.share('lab', { with: 'joao', role: 'operator' }, ANA);
  await engine.share('lab', { with: 'joao', role: null }, ANA);
  const at = { days: ['mon'], time: '08:45', zone: 'Europe/Lisbon' } as const;
  const { schedules } = await engine.schedule('lab', { want: 'awake', ...at }, ANA);
  await engine.unschedule('lab', schedules[0]!.id, ANA);
  await engine.standBy('lab', { on: false, agreedDollarsPerMonth: null }, ANA);
  await engine.drill('lab', { snapshot: id }, ANA);
  await engine.rekey('lab', ANA);
  await engine.clone('lab', id, { into: 'twin' }, ANA);
  await engine.give('lab', id, { to: 'joao', into: 'paper' }, ANA);
  await engine.bringBack('lab', { snapshot: id, path: null, into: 'workspace/then', overwrite: false }, ANA);
  await w.clock.advance(MINUTE); // what is being brought back is needed until then
  await engine.run('lab', { argv: ['train', '--token=secret'], thenHibernate: false }, ANA);
  await engine.forget('lab', id, { newest: false, why: 'a secret was in it' }, ANA);
  await engine.abandon('lab', { why: 'the disk is dead' }, ANA);
  await engine.hibernate('lab', {}, ANA);
  await engine.pause('lab', ANA);
  const asked = (await engine.logs('lab', ALL)).filter(({ event }) => event === 'workspace.asked').toReversed();
  expect(asked.map((line) => askedWords(line, 'en'))).toEqual([
    'ana created it',
    'ana asked to wake it',
    'ana asked for a snapshot',
    'ana asked for a snapshot',
    `ana pinned ${short}: the paper`,
    `ana no longer pins ${short}`,
    'ana changed plan: pro',
    `ana keeps it awake until ${until}Z: a long [2J run`,
    'ana no longer keeps it awake',
    'ana shared it with joao: operator',
    'ana no longer shares it with joao',
    'ana scheduled: awake mon 08:45 Europe/Lisbon',
    `ana ended the schedule ${schedules[0]?.id}`,
    'ana set its standby: off',
    `ana asked to try snapshot ${short}`,
    'ana asked for another password for its backups',
    'ana asked to clone a snapshot into twin',
    'ana asked to share a snapshot to joao as paper',
    'ana asked to restore a snapshot',
    'ana asked to run train …',
    `ana removed snapshot ${short}: a secret was in it`,
    'ana gave up what is on its machine: the disk is dead',
    'ana asked to put it to sleep',
    'ana asked to pause it',
  ]);
  const pt = workspaceAnswers(wordsIn('pt'));
  const said = asked.map((line) => pt.line(line, 'lab', w.clock.now()));
  expect(said).toContain('🔹 ana compartilhou com joao: operador');
  expect(said).toContain('🔹 ana pediu para compartilhar um snapshot a joao como paper');
  expect(said).toContain('🔹 ana agendou: acordado mon 08:45 Europe/Lisbon');
  expect(said.filter((one) => one.includes('workspace.asked'))).toEqual([]);
  await stop();
});

test('one page follows another back through the days, and a day can be asked for', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const { logs } = w;
  const note = logs.of({ ring: () => undefined, listen: () => null as never }).note;
  for (let day = 0; day < 3; day++) {
    for (let i = 0; i < 3; i++)
      note('lab', { at: w.clock.now(), level: 'INFO', event: `${day}.${i}`, by: null, facts: {} });
    await w.clock.advance(DAY);
  }
  const first = await engine.logs('lab', { ...ALL, limit: 4 });
  expect(eventsOf(first)).toEqual(['2.2', '2.1', '2.0', '1.2']);
  const before = first.at(-1)?.place;
  expect(eventsOf(await engine.logs('lab', { ...ALL, limit: 4, before }))).toEqual(['1.1', '1.0', '0.2', '0.1']);
  const day = first.at(-1)?.place.slice(0, 10);
  expect(eventsOf(await engine.logs('lab', { ...ALL, day }))).toEqual(['1.2', '1.1', '1.0']);
  await stop();
});

test('who follows hears each line once, over midnight and what a machine tells late, and from where they stopped', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const over = new AbortController();
  const heard: PlacedLine[] = [];
  const follow = async (after: string | null): Promise<void> => {
    for await (const line of engine.followLog('lab', { least: 'DEBUG', after }, over.signal)) heard.push(line);
  };
  const following = follow(null);
  await w.clock.advance(MINUTE);
  expect(heard, 'only what is new').toEqual([]);
  const say = (number: number, at: number): void => {
    machine.life!.lines = [{ number, at, level: 'INFO', event: `said.${number}`, facts: {} }];
  };
  say(1, w.clock.now());
  await w.clock.advance(MINUTE);
  const midnight = Math.ceil(w.clock.now() / DAY) * DAY;
  await w.clock.advance(midnight - w.clock.now() + 1_000);
  say(2, midnight - 1_000);
  await w.clock.advance(MINUTE);
  say(3, w.clock.now());
  await w.clock.advance(MINUTE);
  const said = (): readonly string[] => eventsOf(heard.filter(({ by }) => by !== null));
  expect(said()).toEqual(['said.1', 'said.2', 'said.3']);
  over.abort();
  await following;
  await stop();
});

test('the log of a workspace that had the name before is not told', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const note = w.logs.of({ ring: () => undefined, listen: () => null as never }).note;
  note('lab', { at: w.clock.now(), level: 'INFO', event: 'of.the.first', by: null, facts: {} });
  await engine.destroy('lab', { purge: true }, ANA);
  await w.clock.advance(MINUTE);
  await engine.create('lab', {}, { by: 'otto', key: null });
  expect((await engine.logs('lab', ALL)).map(({ facts }) => facts)).toEqual([
    { by: 'otto', verb: 'create', result: 'created' },
  ]);
  await stop();
});

test('a lost answer makes no line stand twice, and an agent that begins anew is heard from its first', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const line = { number: 7, at: w.clock.now(), level: 'INFO' as const, event: 'said', facts: {} };
  const life = machine.life!;
  const status = life.status.bind(life);
  life.status = () => ({ ...status(), lines: [line] });
  await w.clock.advance(MINUTE);
  const said = async () => (await engine.logs('lab', ALL)).filter(({ event }) => event === 'said').length;
  expect(await said()).toBe(1);
  life.status = () => ({ ...status(), startedAt: w.clock.now() - 1, lines: [{ ...line, number: 1 }] });
  await w.clock.advance(MINUTE);
  expect(await said()).toBeGreaterThan(1);
  await stop();
});
