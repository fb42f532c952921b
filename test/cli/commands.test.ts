import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCommand, NAMES } from '../../engine/cli/commands.ts';
import { VERBS } from '../../engine/domain/verbs.ts';
import { type FakeEngine, snapshot } from '../http/fake-engine.ts';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';

let house: Awaited<ReturnType<typeof served>>;
beforeAll(async () => {
  house = await served({ names: ['lab', 'train'] });
});
afterAll(() => house[Symbol.asyncDispose]());

const dumont = (...argv: string[]) => run(house.home, argv);
const lastAsked = (): FakeEngine['asked'][number] | undefined => house.asked.at(-1);

test('every verb is a command, with its words from the table and at least one example', async () => {
  for (const name of Object.keys(VERBS)) expect(NAMES).toContain(name);
  const { out } = await dumont();
  for (const name of NAMES) {
    const command = await loadCommand(name);
    expect(command?.name).toBe(name);
    expect(command?.examples.length).toBeGreaterThan(0);
    expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    if (Object.hasOwn(VERBS, name)) {
      const { say, on } = VERBS[name as keyof typeof VERBS];
      expect(out).toContain(say.en);
      if (on === 'workspace') expect(command?.takes[0]?.name).toBe('NAME');
    }
  }
});

test('a snapshot is shared by its workspace and the other account, under a name of theirs', async () => {
  const unasked = await dumont('give', 'lab', 'joao', '--snapshot', 'a1a1', '--detach');
  expect([unasked.code, unasked.err]).toEqual([65, expect.stringContaining('It cannot be taken back.')]);
  const { code } = await dumont('give', 'lab', 'joao', '--snapshot', 'a1a1', '--detach', '-y');
  expect(code).toBe(0);
  expect(lastAsked()).toMatchObject({
    what: 'give',
    args: ['lab', expect.stringMatching(/^a1a1/), { to: 'joao', into: 'lab-joao' }],
  });
  await dumont('give', 'lab', 'joao', '--into', 'paper', '--detach', '-y');
  expect(lastAsked()).toMatchObject({ args: ['lab', expect.any(String), { to: 'joao', into: 'paper' }] });
});

test('the budgets of a workspace are all that hold for it, and one that is not there has none', async () => {
  await dumont('budget', '--all', '--month', '200');
  await dumont('budget', 'train', '--day', '5');
  const { out } = await dumont('budget', 'lab');
  expect(out).toContain('all//month');
  expect(out).not.toContain('train');
  const ghost = await dumont('budget', 'ghost');
  expect([ghost.code, ghost.err]).toEqual([66, expect.stringContaining('There is no workspace named "ghost"')]);
});

test.each([
  [['savings', '--currency', 'EUR'], 'no rate here by which they would be EUR'],
  [['savings', '--period', '2026-13'], 'is no period'],
  [['savings', '--period', '2999-01'], 'is not here yet'],
  [['savings', '--by', 'colour'], '--by: expected workspace, user, day, month, machine or race, not "colour"'],
  [['savings', '--price', '2', '--baseline', 'market'], '--price or --baseline, not both'],
  [['savings', '--price-name', 'g5'], 'needs --price beside --price-name'],
  [['report', 'now', '--zone', 'Europe/Lisbon'], '--zone has nothing to say there: days are UTC'],
  [['report', 'now', '--every', 'hourly'], '--every: expected daily, weekly or monthly, not "hourly"'],
  [['report', 'list', '--guild', '1'], '--guild has nothing to say there'],
  [['report', 'post'], 'knows now, schedule, list and remove, not "post"'],
  [['savings', '--price', '2 EUR'], '--price: expected US dollars'],
  [['savings', '--price', '20000'], '--price: expected US dollars, more than 0 and up to 10,000'],
  [['configure', 'lab', '--plan', 'gold', '--dry-run'], '--plan: expected free, pro or enterprise, not "gold"'],
  [['configure', 'lab', '--every', '10s', '--dry-run'], 'the plan free backs up every 5 min, '],
  [['budget', 'lab', '--day', '-5'], '--day: expected US dollars'],
  [['budget', 'lab', '--month', '0'], '--month: expected US dollars'],
])('%j is refused in the words of the command line', async (argv, says) => {
  const asked = house.asked.length;
  const { code, err } = await dumont(...argv);
  expect([code, err]).toEqual([64, expect.stringContaining(says)]);
  expect(err).not.toMatch(/dollars_per_hour|Invalid|Too small|query/);
  expect(house.asked).toHaveLength(asked);
});

test.each([[['wake', '--help']], [['help', 'wake']], [['--help', 'wake']]])('%j explains one command', async (argv) => {
  const { code, out } = await dumont(...argv);
  expect(code).toBe(0);
  expect(out).toContain('dumont wake NAME [options]');
  expect(out).toContain('--max-price DOLLARS');
  expect(out).toContain('-q, --quiet');
});

test.each([
  [['stauts'], 64, 'There is no command "stauts". Did you mean "status"?'],
  [['wake'], 64, '"dumont wake" needs NAME'],
  [['wake', 'lab', 'train'], 64, 'does not know what to do with "train"'],
  [['wake', 'lab', '--max-prise', '1'], 64, 'has no option --max-prise. Did you mean "max-price"?'],
  [['wake', 'lab', '--cap'], 64, '--cap needs a value'],
  [['wake', 'lab', '--cap', 'lots'], 64, '--cap: expected a number, not "lots"'],
  [['wake', 'lab', '--spot=yes'], 64, '--spot takes no value'],
  [['wake', 'lab', '--', 'ls'], 64, 'takes nothing after "--"'],
  [['wake', 'labb'], 66, 'There is no workspace named "labb". Known: lab, train. Did you mean "lab"?'],
  [['ssh', 'lab'], 66, 'lab has no machine right now'],
  [['create', 'lab'], 73, 'There is already a workspace named "lab"'],
  [['create', 'Lab'], 64, 'lower-case letters'],
  [['create', 'x', '--env', 'NOVALUE'], 64, '"NOVALUE" is not NAME=VALUE'],
  [['create', 'x', '--ssh-key', '/nowhere/key.pub'], 64, '/nowhere/key.pub'],
  [['restore', 'lab'], 64, 'needs one of --snapshot ID, --latest and --date'],
  [['restore', 'lab', '--latest', '--date', '2024-01-15'], 64, 'needs one of'],
  [['restore', 'lab', '--snapshot', ''], 64, 'with --snapshot needs the id of a snapshot'],
  [['key', 'confirm'], 64, 'No recovery key came on standard input.'],
  [['recover'], 64, 'No recovery key came on standard input.'],
  [['restore', 'lab', '--to', process.execPath, '--latest', '-y'], 64, 'is a file. Name a folder.'],
  [['restore', 'lab', '--to', process.execPath, '--latest', '-y', '--dry-run'], 64, 'is a file. Name a folder.'],
  [['restore', 'lab', '--path', 'a', '--to', process.execPath, '-y'], 64, 'is a file. Name a folder.'],
  [['restore', 'lab', '--latest', '--into', '/'], 64, '--into: expected a directory like /workspace/then'],
  [['restore', 'lab', '--path', '/workspace/../x', '--latest'], 64, '--path: expected a path without ".."'],
  [['snapshots', 'lab', '--kind', 'foo'], 64, '--kind: expected automatic, manual or pre-failover, not "foo"'],
  [['backup', 'create', 'lab', '--type', 'foo'], 64, '--type: expected full, incremental, snapshot or checkpoint'],
  [['snapshot', 'lab', '--extra', 'x'], 64, '"x" is not NAME=VALUE'],
  [['backup', 'foo', 'lab'], 64, 'knows list, create and restore, not "foo"'],
  [['logs', 'lab', '--date', '2024-13-45'], 64, '--date: expected a day like 2024-01-15, not "2024-13-45"'],
  [['configure', 'lab', '--plan', 'gold'], 64, '--plan: expected free, pro or enterprise, not "gold"'],
  [['restore', 'lab', '--date', 'yesterday'], 64, 'is not a date like "2024-01-15 14:30"'],
  [['restore', 'lab', '--date', '2024-01-15 14:30'], 66, 'of 2024-01-15 14:30 (Europe/Lisbon, UTC+00:00) or before'],
  [['abandon', 'lab'], 64, '--why'],
  [['local', 'machine'], 64, 'Did you mean "machines"?'],
  [['local', 'misbehave', 'ace-7', 'sing'], 64, 'stuck-loading'],
  [['status', '--follow'], 64, 'needs NAME with --follow'],
  [['keep', 'lab'], 64, 'needs one of FOR (90m, 2h, 1d), --until TIME and --end'],
  [['keep', 'lab', '2h', '--end'], 64, 'needs one of FOR'],
  [['keep', 'lab', '90'], 64, '90 of what? Write 90m for minutes, 90h for hours or 90d for days.'],
  [['keep', 'lab', 'long'], 64, '"long" is not a length of time like 90m, 2h or 1d.'],
  [['keep', 'lab', '--until', '25:00'], 64, 'There is no "25:00" on a clock.'],
  [['keep', 'lab', '--until', '2020-01-01 10:00'], 64, '2020-01-01 10:00 has passed'],
  [['schedule', 'lab', '--wake', 'tomorrow'], 64, 'does not understand "tomorrow". Say days and a time'],
  [['schedule', 'lab', '--sleep', 'weekdays 25:00'], 64, 'does not understand'],
  [['schedule', 'lab', '--end', 's7'], 66, 'lab has no schedule "s7"'],
  [['configure'], 64, 'needs NAME'],
])('%j ends with %i and says: %s', async (argv, code, says) => {
  const before = house.asked.length;
  const ran = await dumont(...argv);
  expect(ran.err).toContain(says);
  expect(ran.code).toBe(code);
  expect(ran.out).toBe('');
  const wrote = house.asked.slice(before).filter(({ args }) => args[0] !== 'labb' && args[0] !== 'lab');
  expect(wrote).toEqual([]);
});

test('in JSON a failure is a document too', async () => {
  const { code, out } = await dumont('status', 'nobody', '--json');
  expect(code).toBe(66);
  expect(JSON.parse(out)).toMatchObject({ code: 'no_such_workspace', status: 404, facts: { workspace: 'nobody' } });
});

test('where no engine runs, it says how to start one', async () => {
  const home = await mkdtemp(join(tmpdir(), 'dumont-none-'));
  const never = await run(home, ['status']);
  expect([never.code, never.err]).toEqual([
    69,
    `No engine answers at any address noted in ${home}. Start one with "npm start".\n`,
  ]);
  await writeFile(join(home, 'engine.json'), '{"url":"http://127.0.0.1:9"}');
  await writeFile(join(home, 'token'), 'x');
  const gone = await run(home, ['status']);
  expect([gone.code, gone.err]).toEqual([69, 'No engine answers at http://127.0.0.1:9. Start one with "npm start".\n']);
  await writeFile(join(home, 'engine.json'), 'half a {');
  expect((await run(home, ['status', '--json'])).code).toBe(69);
  await rm(home, { recursive: true });
});

test('with a token of an earlier engine, it says where the right one is', async () => {
  const home = await mkdtemp(join(tmpdir(), 'dumont-old-'));
  await writeFile(join(home, 'engine.json'), JSON.stringify({ url: house.url() }));
  await writeFile(join(home, 'token'), 'old');
  const { code, err } = await run(home, ['status']);
  expect([code, err]).toEqual([77, `This needs a valid token. The engine writes one to ${house.home}/token.\n`]);
  await chmod(join(home, 'token'), 0o000);
  await rm(home, { recursive: true });
});

test('status is one line per workspace for people and one document for programs', async () => {
  const { code, out } = await dumont('status');
  expect(code).toBe(0);
  expect(out).toMatch(/^NAME +STATUS +FOR +GPU/);
  expect(out).toMatch(/^lab +asleep +\d+ d .*nobody asked for it$/m);
  expect(out).not.toContain('\x1b');
  const { instances } = JSON.parse((await dumont('status', '--json')).out);
  expect(instances.map((each: { id: string }) => each.id)).toEqual(['lab', 'train']);
  expect((await dumont('status', 'lab')).out).toMatch(/^lab is asleep for .*\n {2}why +nobody asked for it\n/);
});

test('a new workspace is described by options and files, and the engine gets only what was said', async () => {
  const key = join(house.home, 'id.pub');
  await writeFile(key, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ana@home\n');
  const options = [
    '--gpu',
    'RTX 4090',
    '--max-price',
    '0.5',
    '--region',
    'eu-west',
    '--region',
    'eu-north',
    '--disk',
    '80',
  ];
  const more = ['--ssh-key', key, '--port', '8888', '--env', 'A=b=c', '--include', '/srv', '--max-file', '2'];
  const { code, out } = await dumont('create', 'fresh', ...options, ...more);
  expect(code).toBe(0);
  expect(out).toContain('dumont wake fresh');
  expect(lastAsked()?.args).toEqual([
    'fresh',
    {
      need: { gpu: 'RTX 4090', dollarsPerHourMax: 0.5, regions: ['eu-west', 'eu-north'] },
      diskGb: 80,
      publicKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ana@home'],
      ports: [8888],
      environment: { A: 'b=c' },
      include: ['srv'],
      fileBytesMax: 2e9,
    },
  ]);
});

test('what the plan of a new workspace costs is said where one was chosen', async () => {
  const chosen = await dumont('create', 'priced', '--plan', 'pro', '--every', '1m');
  expect(chosen.out).toMatch(
    /^Storage of 7\.2 GB costs about \$\d+\.\d\d a month; "dumont plans priced" says for what\.$/m,
  );
  expect(chosen.out).toMatch(/^To bring all of it back once, storage asks /m);
  expect((await dumont('create', 'unpriced', '--disk', '80')).out).not.toContain('Storage');
});

test('a workspace file describes a new workspace, and options stand above it', async () => {
  const file = join(house.home, 'workspace.yaml');
  await writeFile(file, 'gpu: RTX 3090\ndisk_gb: 80\nidle: { after: 5m }\nneed: { vram_gb_min: 24 }\n');
  expect((await dumont('create', 'filed', '--file', file, '--gpu', 'RTX 4090')).code).toBe(0);
  expect(lastAsked()?.args).toEqual([
    'filed',
    { diskGb: 80, idle: { idleMs: 300_000 }, need: { gpu: 'RTX 4090', vramGbMin: 24 } },
  ]);
  const before = house.asked.length;
  await writeFile(file, 'gpus: 2\n');
  const wrong = await dumont('create', 'filed2', '--file', file);
  expect([wrong.code, wrong.err]).toEqual([64, `${file}, line 1: unknown key "gpus". Did you mean "gpu"?\n`]);
  expect(house.asked).toHaveLength(before);
});

test('configure says what changes, changes only that, and nothing when it is so already', async () => {
  const file = join(house.home, 'change.yaml');
  await writeFile(
    file,
    'disk_gb: 120\ninclude: [/srv]\nbackup_every: 15m\nidle: { hibernate: false }\nenvironment: { A: b }\n',
  );
  const before = house.asked.length;
  const dry = await dumont('configure', 'train', '--file', file, '--dry-run');
  expect(dry.out.split('\n')).toEqual([
    'train would change:',
    '  disk_gb       40 → 120',
    '  include       none → /srv',
    "  backup_every  the plan's own → 15 min",
    "  idle          the installation's own → hibernate false",
    '  environment   HF_TOKEN → A (values as given)',
    '',
    expect.stringMatching(
      /^Storage would cost about \$0\.\d\d a month instead of \$0\.\d\d; "dumont plans train" says/,
    ),
    expect.stringMatching(
      /^To bring all of it back once, storage asks .*: the prices of Cloudflare R2; the price book standard/,
    ),
    '',
  ]);
  expect(house.asked).toHaveLength(before);
  expect((await dumont('configure', 'train', '--file', file)).out).toContain('train is changed:');
  expect(lastAsked()).toMatchObject({
    what: 'configure',
    args: ['train', { diskGb: 120, include: ['srv'], backupEveryMs: 900_000, idle: { hibernate: false } }],
  });
  const dearer = await dumont('configure', 'train', '--plan', 'pro');
  expect(dearer.out).toMatch(
    /Storage costs about \$\d+\.\d\d a month instead of \$\d+\.\d\d; "dumont plans train" says/,
  );
  expect((await dumont('configure', 'train', '--plan', 'free', '--json')).out).not.toContain('Storage');
  const again = await dumont('configure', 'train', '--disk', '120', '--include', '/srv');
  expect(again.out).toBe('train is like that already; nothing was changed.\n');
  expect(house.asked).toHaveLength(before + 3);
  expect((await dumont('configure', 'train')).err).toContain('needs at least one thing to change');
  expect(JSON.parse((await dumont('configure', '--schema')).out)).toMatchObject({ additionalProperties: false });
});

test.each([
  [['2h'], 7_200_000, /^train is asleep, .* it stays awake until then \(2 h from now\)\. Wake it: dumont wake train$/m],
  [['90m', '--why', 'a demo'], 5_400_000, /1 h 30 min from now/],
  [['1d'], 86_400_000, /before \d{4}-\d\d-\d\d \d\d:\d\d, .*1 d from now/],
  [['--end'], null, /^train falls asleep again when it is idle\.$/m],
])('keep %j asks for %s ms', async (words, forMs, says) => {
  const { code, out } = await dumont('keep', 'train', ...words);
  expect([code, out]).toEqual([0, expect.stringMatching(says)]);
  expect(lastAsked()).toMatchObject({ what: 'keep', args: ['train', { forMs }] });
});

test('report now says of when it is, and makes a file for spreadsheets', async () => {
  const { out } = await dumont('report', 'now', '--every', 'weekly');
  expect(out).toMatch(
    /^The weekly report of all workspaces, the last whole week \(UTC\):\n\d{4}-\d\d-\d\d – .* \(UTC\): paid /,
  );
  const { out: csv } = await dumont('report', 'now', '--csv');
  expect(csv).toMatch(/^workspace,paid,gpu,/);
});

test.each([['savings'], ['report', 'now']])(
  '%s prints one thing: a file for spreadsheets, or JSON',
  async (...argv) => {
    const { code, out } = await dumont(...argv, '--csv', '--json');
    expect([code, out]).toEqual([64, expect.stringContaining('prints one of --csv and --json, not both')]);
  },
);

test('keep --until is the next such time on the clock here', async () => {
  const { code } = await dumont('keep', 'train', '--until', '18:00');
  expect(code).toBe(0);
  const { forMs } = (lastAsked()?.args[1] ?? {}) as { forMs: number };
  const until = new Date(Date.now() + forMs);
  expect(forMs).toBeGreaterThan(0);
  expect(until.toLocaleTimeString('en-GB', { timeZone: 'Europe/Lisbon', hour: '2-digit', minute: '2-digit' })).toBe(
    '18:00',
  );
});

test('schedules are made in the zone of this computer, listed, shown by status, and ended', async () => {
  const made = await dumont('schedule', 'train', '--wake', 'weekdays 8:45', '--sleep', 'daily 19:00');
  expect(made.out).toMatch(
    /^s1: wakes weekdays 08:45 Europe\/Lisbon \(by \S+\)\ns2: sleeps daily 19:00 Europe\/Lisbon \(by \S+\)\n$/,
  );
  expect((await dumont('status', 'train')).out).toContain('schedule   s1: wakes weekdays 08:45 Europe/Lisbon');
  const zoned = await dumont('schedule', 'train', '--wake', 'sun 20:00', '--zone', 'America/Sao_Paulo', '--json');
  expect(JSON.parse(zoned.out).schedules[2]).toMatchObject({ days: ['sun'], zone: 'America/Sao_Paulo' });
  for (const id of ['s1', 's2', 's3']) await dumont('schedule', 'train', '--end', id);
  expect((await dumont('schedule', 'train')).out).toBe('train has no schedule.\n');
});

test('a quote says what it costs and asks for nothing', async () => {
  const before = house.asked.length;
  const { code, out } = await dumont('wake', 'lab', '--dry-run', '--vram', '24');
  expect(code).toBe(0);
  expect(out).toContain('usable in about 34 s; 1 min 52 s or less in 95 of 100 (41 earlier wakes of lab)');
  expect(out).toContain('$0.19/h to $0.46/h');
  expect(out).toContain('Nothing was rented.');
  expect(house.asked).toHaveLength(before);
});

test('offers are narrowed by options and shown as a table or as JSON', async () => {
  const { out } = await dumont('offers', '--region', 'eu-west', '--max-price', '0.4');
  expect(out.split('\n')).toHaveLength(3);
  expect(out).toMatch(/bravo +eu-west/);
  const { offers } = JSON.parse((await dumont('offers', '--gpu', 'h100', '--json')).out);
  expect(offers.map((each: { offer: { host: string } }) => each.offer.host)).toEqual(['hotel']);
});

test('a dry run of a restore says sizes, what is overwritten and whether it is staged, and asks for nothing', async () => {
  const before = house.asked.length;
  const sleeping = await dumont('restore', 'lab', '--path', '/workspace/a', '--dry-run');
  expect([sleeping.code, sleeping.err]).toEqual([66, expect.stringContaining('no machine')]);
  const anew = await dumont('restore', 'lab', '--latest', '--dry-run');
  expect(anew.out).toMatch(/3 files, 7.0 GB\. A new machine has nothing that could be overwritten/);
  const dry = await dumont('backup', 'restore', 'lab', '--date', '2025-06-03 10:00', '--dry-run');
  expect(dry.out).toContain('This would bring everything of snapshot a1a1a1a1 of 2025-06-03 10:00');
  expect(dry.out).toContain('Nothing was rented.');
  const none = await dumont('restore', 'lab', '--path', '/workspace/none', '--to', house.home, '--dry-run');
  expect([none.code, none.err]).toEqual([66, expect.stringContaining('has no /workspace/none')]);
  expect(house.asked).toHaveLength(before);
});

test('each snapshot says how long it is kept, and for --retention why', async () => {
  const pinned = { ...snapshot('train', 4, 'the paper'), pinned: { by: 'ana', why: '', at: 1 } };
  const plain = snapshot('train', 5, '');
  house.snapshots.push(pinned, plain);
  const listed = await dumont('snapshots', 'train');
  const line = (out: string, id: string) => out.split('\n').find((one) => one.startsWith(id.slice(0, 8))) ?? '';
  expect(line(listed.out, pinned.id)).toContain('pinned');
  expect(line(listed.out, plain.id)).toMatch(/ to \d{4}-\d\d-\d\d/);
  const why = await dumont('snapshots', 'train', '--retention');
  expect(line(why.out, plain.id)).toMatch(/stays .*the plan keeps it 7 days/);
  expect(why.err).toContain('Nothing was changed.');
  expect((await dumont('snapshots', 'train', '--retention', '--tag', 'x')).code).toBe(64);
  house.snapshots.splice(-2, 2);
});

test('what a workspace was made of is said in words, once', async () => {
  const extra = { cloned_from: `lab/${'a1'.repeat(32)}` };
  const shared = { shared_by: 'ana', shared_from: `lab/${'a2'.repeat(32)}`, ticket: '12' };
  house.snapshots.push({ ...snapshot('train', 4, 'of lab, a1a1a1a1'), extra });
  house.snapshots.push({ ...snapshot('train', 5, 'the paper'), extra: shared });
  const { out } = await dumont('snapshots', 'train');
  expect(out).toMatch(/^a4a4a4a4 .* of lab, a1a1a1a1$/m);
  expect(out).not.toContain('of lab, a1a1a1a1 of lab');
  expect(out).toMatch(/^a5a5a5a5 .* the paper shared by ana of lab, a2a2a2a2 ticket=12$/m);
  house.snapshots.splice(-2, 2);
});

test('a snapshot is pinned, and is no longer pinned', async () => {
  expect((await dumont('pin', 'lab', 'a1a1', '--why', 'the paper')).out).toBe('a1a1 is pinned.\n');
  expect((await dumont('pin', 'lab', 'a1a1', '--end')).out).toBe('a1a1 is no longer pinned.\n');
});

test('snapshots come newest first, with their state', async () => {
  house.snapshots.push({ ...snapshot('lab', 3, ''), partial: true });
  const { out } = await dumont('snapshots', 'lab');
  expect(
    out
      .split('\n')
      .slice(1, 4)
      .map((line) => line.split(/ {2,}/)[0]),
  ).toEqual(['a3a3a3a3', 'a2a2a2a2', 'a1a1a1a1']);
  expect(out).toMatch(/a3a3a3a3 .* partial/);
  expect((await dumont('snapshots', 'train')).err).toContain('has no snapshots yet');
  const late = snapshot('train', 6, '');
  house.snapshots.push({ ...late, createdAt: late.createdAt + 42_000 });
  const until = await dumont('snapshots', 'train', '--until', '2025-06-08 10:00');
  expect(until.out, 'that minute is in it').toContain('a6a6a6a6');
  house.snapshots.pop();
});

test.each([
  [['--date', '2025-06-03 12:00'], 'a1', '2025-06-03 10:00 (Europe/Lisbon, UTC+01:00)'],
  [['--latest'], 'a2', '2025-06-04 10:00'],
  [['--snapshot', 'a1a1'], 'a1', 'before the tests'],
])('restore %j takes the right snapshot and says of when it is', async (options, id, says) => {
  const { code, err } = await dumont('restore', 'lab', ...options, '--detach', '--yes', '--gpu', 'RTX 4090');
  expect(err).toContain(says);
  expect(code).toBe(0);
  expect(lastAsked()).toMatchObject({
    what: 'wake',
    args: ['lab', { snapshot: id.repeat(32), need: { gpu: 'RTX 4090' } }],
  });
});

test('plans say how automatic snapshots get fewer, and each says until when it is there for sure', async () => {
  expect((await dumont('plans', 'lab')).out).toContain(
    'Automatic snapshots get fewer with age: each one for 15 min, then the last of every 5 min for 2 h, then the last of ' +
      'every 1 h for 24 h, then the last of every 24 h until its days are over. Those that you asked for or pinned do not.',
  );
  expect((await dumont('snapshots', 'lab')).out).toMatch(/a2a2a2a2 .* to 2025-06-11 \d\d:\d\d at most/);
  expect((await dumont('snapshots', 'lab')).out).toMatch(/a1a1a1a1 .* to 2025-06-10 \d\d:\d\d +before/);
  expect((await dumont('snapshots', 'lab', '--retention')).out.replace(/\s+/g, ' ')).toContain(
    'the plan keeps it 7 days; sooner, from 2025-06-05',
  );
});

test('an older snapshot is woken from only when somebody agreed to leave the newest behind', async () => {
  await dumont('create', 'sleeper');
  house.snapshots.push(snapshot('sleeper', 6, ''), snapshot('sleeper', 7, ''));
  const dry = await dumont('restore', 'sleeper', '--snapshot', 'a6a6', '--dry-run');
  expect(dry.out).toContain('a7a7a7a7 of 2025-06-09 10:00, the newest, is left behind and stays until');
  house.snapshots.splice(-2);
  for (const ask of [
    ['restore', 'lab', '--snapshot', 'a1a1'],
    ['wake', 'lab', '--snapshot', 'a1a1'],
  ]) {
    const refused = await dumont(...ask, '--detach');
    expect(refused.code).toBe(65);
    expect(refused.err).toContain('a2a2a2a2, the newest good snapshot of lab, holds what a1a1a1a1 does not');
    expect(refused.err).toContain('"dumont restore lab --snapshot a2a2a2a2" goes back to it');
    expect(refused.err).toContain('Say it again with --yes if you are sure.');
    const agreed = await dumont(...ask, '--detach', '--yes');
    expect(agreed.code).toBe(0);
    expect(lastAsked()).toMatchObject({ what: 'wake', args: ['lab', { setAside: true }] });
  }
  expect((await dumont('restore', 'lab', '--latest', '--detach')).code).toBe(0);
});

test('one file comes back onto the running machine only when that was agreed to', async () => {
  house.snapshots.push(snapshot('train', 7, ''), snapshot('asleep', 8, ''));
  expect((await dumont('wake', 'train')).code).toBe(0);
  const refused = await dumont('restore', 'train', '--path', '/workspace/code.py');
  expect(refused.err).toContain('/workspace/code.py of a7a7a7a7 takes the place of what is on the machine now.');
  const absent = await dumont('restore', 'train', '--path', '/workspace/none');
  expect([absent.code, absent.err]).toEqual([66, expect.stringContaining('Snapshot a7a7a7a7 has no /workspace/none.')]);
  expect(absent.err).not.toContain('--yes');
  const whole = await dumont('restore', 'train', '--snapshot', 'a7a7', '--dry-run');
  expect(whole.err).toContain(
    'put it to sleep first. "dumont hibernate train" does that; --here brings the files onto that machine instead.\n',
  );
  expect(house.asked.filter(({ what }) => what === 'bringBack')).toEqual([]);
  const agreed = await dumont('restore', 'train', '--path', '/workspace/code.py', '--yes');
  expect([agreed.code, agreed.out]).toEqual([0, expect.stringContaining('/workspace/code.py is back.')]);
  expect(lastAsked()?.args[1]).toEqual({
    snapshot: 'a7'.repeat(32),
    path: 'workspace/code.py',
    into: null,
    overwrite: true,
  });
  await dumont('snapshot', 'train', '--message', 'run 7', '--extra', 'run=7', '--extra', 'host=a', '--detach');
  expect(lastAsked()).toMatchObject({ args: ['train', { description: 'run 7', extra: { run: '7', host: 'a' } }] });
  await dumont('restore', 'train', '--path', '/workspace/runs', '--into', '/workspace/then');
  expect(lastAsked()?.args[1]).toMatchObject({ into: 'workspace/then', overwrite: false });
  house.snapshots.splice(-2, 1);
  await dumont('create', 'asleep');
  const unsaid = await dumont('restore', 'asleep', '--path', '/workspace/code.py');
  expect(unsaid.err).toContain('asleep sleeps. With --to FOLDER it comes onto this computer');
  expect(unsaid.err).toContain('asleep has no machine right now');
});

test('files of a snapshot are listed and compared without a machine', async () => {
  const top = await dumont('files', 'lab', '/workspace');
  expect(top.code).toBe(0);
  expect(top.out).toMatch(/9 B\s+2025-06-02 10:00\s+code\.py\n\s*5\.0 GB\s+1\s+2025-06-02 10:00\s+models\//);
  const diff = await dumont('files', 'lab', '--diff', 'a1a1');
  expect(diff.out).toBe('They hold the same.\n');
  const all = await dumont('files', 'lab', '--diff', 'a3a3');
  expect(all.out).toContain('+ /workspace/code.py');
  expect(all.out).toContain('+ /workspace/models/');
  const below = await dumont('files', 'lab', '/workspace/models/', '--diff', 'a3a3');
  expect(below.out).not.toContain('code.py');
  expect(below.out).toContain('1 added, 0 removed, 0 changed.');
  expect((await dumont('files', 'lab', '/nothing')).err).toMatch(/Snapshot [0-9a-f]{8} has no \/nothing\./);
});

test('a file and a directory come onto this computer whole, or not at all', async () => {
  const to = join(house.home, 'downloads');
  const one = await dumont('restore', 'lab', '--path', '/workspace/code.py', '--to', to);
  expect([one.code, one.out]).toEqual([0, expect.stringContaining(`is in ${join(to, 'code.py')}`)]);
  expect(await readFile(join(to, 'code.py'), 'utf8')).toBe('print(1)\n');
  await writeFile(join(to, 'code.py'), 'my newer work\n');
  const refused = await dumont('restore', 'lab', '--path', '/workspace/code.py', '--to', to);
  expect([refused.code, refused.err]).toEqual([65, expect.stringContaining('code.py is there otherwise than it was')]);
  expect(await readFile(join(to, 'code.py'), 'utf8')).toBe('my newer work\n');
  const replaced = await dumont('restore', 'lab', '--path', '/workspace/code.py', '--to', to, '--yes');
  expect([replaced.code, await readFile(join(to, 'code.py'), 'utf8')]).toEqual([0, 'print(1)\n']);
  const again = await dumont('restore', 'lab', '--path', '/workspace/code.py', '--to', to);
  expect([again.code, again.out]).toEqual([0, expect.stringContaining('1 file was there already as saved')]);
  const all = await dumont('backup', 'restore', 'lab', '--to', `${to}/all`);
  expect(all.code).toBe(0);
  expect(await readdir(`${to}/all`)).toEqual(['demo.ts']);
  expect((await dumont('restore', 'lab', '--path', '/workspace/none', '--to', to)).err).toContain(
    'has no /workspace/none',
  );
});

test('backup speaks as the backup API does, and finds the only workspace by itself', async () => {
  const list = await dumont('backup', 'list', 'lab');
  expect(list.out).toBe((await dumont('snapshots', 'lab')).out);
  const each = (await dumont('backup', 'list')).out;
  expect(each).toMatch(/^lab\n(.*\n)+train\n/m);
  expect((await dumont('backup', 'list', '--json')).out).toMatch(/needs NAME: one of .*lab/);
  expect((await dumont('backup', 'lits', 'lab')).err).toContain('Did you mean "list"?');
});

test('what cannot be undone asks first, and without a terminal needs --yes', async () => {
  const before = house.asked.length;
  for (const argv of [
    ['destroy', 'train', '--purge'],
    ['abandon', 'train', '--why', 'dead disk'],
    ['local', 'end-all'],
  ]) {
    const { code, err } = await run(house.home, argv, { input: 'train\n' });
    expect([code, err]).toEqual([65, expect.stringContaining('--yes')]);
  }
  expect(house.asked).toHaveLength(before);
  expect((await dumont('abandon', 'train', '--why', 'dead disk', '--yes')).code).toBe(0);
  expect(lastAsked()).toMatchObject({ what: 'abandon', args: ['train', { why: 'dead disk' }] });
  const { contentHash } = snapshot('train', 51, '');
  for (const sequence of [51, 52, 53]) house.snapshots.push({ ...snapshot('train', sequence, ''), contentHash });
  expect((await dumont('destroy', 'train')).err).toContain('This removes train and its 3 snapshots for ever');
  expect((await dumont('destroy', 'train', '--purge', '-y')).out).toBe('Removed train and its 3 snapshots.\n');
  expect(lastAsked()).toMatchObject({ what: 'destroy', args: ['train', { purge: true }] });
});

test('the local marketplace has its levers', async () => {
  expect((await dumont('local', 'machines')).out).toMatch(/i-1001 +running/);
  await dumont('local', 'misbehave', 'i-1001', 'vanish');
  await dumont('local', 'misbehave', 'i-1001', '--stop');
  await dumont('local', 'gpu', 'i-1001', '--utilization', '90', '--memory', '8000');
  expect(house.local.pulled).toEqual([
    { misbehave: 'i-1001', mode: 'vanish' },
    { misbehave: 'i-1001', mode: null },
    { gpu: 'i-1001', utilizationPercent: 90, memoryUsedMb: 8_000 },
  ]);
  expect((await dumont('local', 'bill')).out).toContain('$0.41 in all');
});

test('names that would move the cursor are shown without that', async () => {
  house.workspaces.set('evil', {
    ...house.workspaces.get('lab')!,
    id: 'evil',
    spec: { ...house.workspaces.get('lab')!.spec, need: { gpu: 'RTX\x1b[2J\x9b31m4090' } },
  });
  const { out } = await dumont('status');
  expect(out).not.toMatch(/[^\P{Cc}\n]/u);
  expect(out).toContain('RTX');
  house.workspaces.delete('evil');
});

test('a standby is put in reserve only after its price was shown and agreed to', async () => {
  const shown = await dumont('standby', 'lab');
  expect(shown.out).toContain('lab has no standby. One would cost $0.14/h while it is used, at most $102.20');
  const asked = house.asked.length;
  expect(await dumont('standby', 'lab', 'on')).toMatchObject({
    code: 65,
    err: expect.stringContaining('$102.20 a month'),
  });
  expect(house.asked.length).toBe(asked);
  expect((await dumont('standby', 'lab', 'on', '--yes')).out).toContain('lab has a standby');
  expect((await dumont('standby', 'lab')).out).toContain('It runs Debian 12, not the image of the workspace');
  expect(lastAsked()).toMatchObject({ what: 'standBy', args: ['lab', { on: true, agreedDollarsPerMonth: 102.2 }] });
  expect((await dumont('standby', 'lab', 'off')).out).toContain('lab has no standby');
  expect((await dumont('standby', 'lab', 'maybe')).code).toBe(64);
});
