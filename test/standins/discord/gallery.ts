import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Language } from '../../../engine/domain/discord.ts';
import type { Talk } from '../../../engine/domain/events.ts';
import { EVERY } from '../../bot/every-command.ts';
import { type Stage, stage } from '../../bot/stage.ts';
import { type Camera, openCamera } from './camera.ts';
import { EVERYBODY } from './standin.ts';
import type { Person } from './state.ts';

const WIDTH = 760;
const TELEPHONE = 390;
/** So many answers stand in one picture. */
const TOGETHER = 6;
const LOCALES = { en: 'en-US', pt: 'pt-BR' } as const;
const ON_DUTY = '1400000000000000001';
const STORY_MS = 90_000;

/** Pictures of every answer and every panel, in both languages, for somebody to look at: they are compared with nothing. */
export async function gallery(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await using camera = await openCamera();
  await Promise.all((['en', 'pt'] as const).map(async (language) => await inLanguage(language, folder, camera)));
  console.log(`Pictures of every answer and panel are in ${folder}.`);
}

async function inLanguage(language: Language, folder: string, camera: Camera): Promise<void> {
  const names = ['lab', 'slow', 'unlucky'];
  await using s = await stage({ names, pace: 1, guild: { language, pingRole: ON_DUTY } });
  s.standin.role('on duty', { id: ON_DUTY });
  const ana: Person = { ...s.people.ana, locale: LOCALES[language], permissions: EVERYBODY | (1n << 5n) };
  s.standin.state.people[0] = ana;

  const photograph = async (name: string, query: object, width = WIDTH): Promise<void> => {
    const search = new URLSearchParams({ as: 'ana', bare: '', ...query });
    await camera.shoot(`${s.standin.url}/?${search}`, width, join(folder, `${language}-${name}.png`));
  };
  /** A panel as it stands when it says this. */
  const panel = async (name: string, says: RegExp, channel = s.ops): Promise<void> => {
    const found = await s.standin.until(
      () => s.standin.messages(channel).find(({ message }) => says.test(JSON.stringify(message))),
      STORY_MS,
      `a panel that says ${says}`,
    );
    const of = { channel, message: found.message.id };
    await photograph(name, of);
    await photograph(`${name}-light`, { ...of, theme: 'light' });
    await photograph(`${name}-telephone`, of, TELEPHONE);
  };
  const answers = async (name: string, asked: typeof EVERY): Promise<void> => {
    for (let first = 0; first < asked.length; first += TOGETHER) {
      const channel = s.standin.channel(s.guild, name);
      for (const [path, options] of asked.slice(first, first + TOGETHER))
        await s.standin.answered(s.standin.run(ana, channel, path, options));
      const page = `${name}-${1 + first / TOGETHER}`;
      await photograph(page, { channel });
      await photograph(`${page}-light`, { channel, theme: 'light' });
    }
  };
  const ask = async (path: string, options: Readonly<Record<string, string | number | boolean>>): Promise<void> =>
    void (await s.standin.answered(s.standin.run(ana, s.ops, path, options)));

  await answers('asleep', EVERY);
  for (const workspace of names) await ask('wake', { workspace });
  await ask('status', { panel: true });
  await panel('race-begins', /race lab|wake lab|acordar lab/);
  await panel('race-installs', /"title":"\w+ lab".*(installing|instalando)/);
  await panel('race-restores', /"title":"\w+ lab".*[░█]/);
  await panel('race-usable', /"content":"✅ \*\*lab\*\*.*(;)/);
  await panel('race-complete', /"content":"✅ \*\*lab\*\*.*(awake|acordado).*race\.png/);
  await panel('second-round', /"title":"\w+ slow".*2 \/ 2/);
  await panel('nobody-won', /❌ \*\*unlucky\*\*/);
  inhabit(s);
  await answers('awake', [...AWAKE, ...EVERY.filter(([path]) => ALSO_AWAKE.has(path))]);
  await panel('status', /\*\*(3|4|5) workspaces\*\*/);
  await ask('snapshot create', { workspace: 'lab', description: 'before the tests' });
  await panel('saving', /"title":"(snapshot|backup de) lab".*[░█]/);
  await panel('saved', /"content":"✅.*(proved|provado).*"title":"(snapshot|backup de) lab"/);

  await tellAll(s, panel);
  await ask('run', { workspace: 'slow', command: 'python train.py --epochs 3' });
  await panel('job', /epoch 3 of 3/);
  await ask('hibernate', { workspace: 'lab' });
  await panel('hibernating', /"title":"hiberna\w+ lab".*[░█]/);
  await panel('asleep', /"content":"✅.*"title":"hiberna\w+ lab"/);
  await asks(s, ana, photograph);
  await photograph('audit', { channel: s.audit });
}

/** What differs when there is a machine. */
const AWAKE: typeof EVERY = [
  ['status', {}],
  ['status', { workspace: 'lab' }],
  ['status', { workspace: 'lab', at_risk: true }],
  ['hibernate', { workspace: 'lab', lose: true }],
  ['hibernate', { all: true }],
  ['restore path', { workspace: 'lab', path: '/workspace/model.py', into: '/tmp' }],
  ['logs', { workspace: 'lab', last: 30 }],
  ['standby', { workspace: 'lab', do: 'on' }],
  ['standby', { workspace: 'lab', do: 'on', agreed: 200 }],
  ['tokens', { create: 'ci', role: 'viewer', for: '30d' }],
  ['tokens', {}],
  ['users', { account: 'newcomer', do: 'create' }],
  ['settings', { ping: ON_DUTY }],
  ['wake', { workspace: 'no-such' }],
  ['restore date', { workspace: 'lab', date: '2026-02-31' }],
];
const ALSO_AWAKE: ReadonlySet<string> = new Set(['ssh', 'audit', 'alerts', 'diag', 'backup status', 'plans']);

function inhabit(s: Stage): void {
  const now = Date.now();
  s.fake.trouble.ssh = {
    address: { host: 'ssh5.vast.example', port: 40_022 },
    user: 'root',
    hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrXcTn8cQ0n0H0pS0b1mO0n8nP0vQm4oVqv7y0sYb2T',
    machine: 'm-1',
  } as never;
  s.fake.pulses.set('lab', {
    heardAt: now,
    jobs: [],
    idle: { sleep: false, why: 'the GPU is 87 % busy', quietSince: null },
    backup: { durableAt: now - 70_000, everyMs: 300_000, filesPending: 12, failedWhy: null },
  } as never);
  s.fake.risks.set('lab', {
    machine: 'm-1',
    files: [{ path: '/root/dataset.tar', sizeBytes: 11e9, why: 'over the cap of 10 GB' }],
    repositories: [{ path: '/workspace/code', unpushedCommits: 3, changedFiles: 2, stashes: 1, saved: true }],
    excluded: [{ path: '/workspace/node_modules', sizeBytes: 412e6, rule: 'node_modules/' }],
    pending: { files: 12, bytes: 41e6, newest: ['/workspace/train.py', '/workspace/notes.md'] },
    durableAt: now - 70_000,
  } as never);
}

/** What Dumont says by itself, and how it ends. */
async function tellAll(s: Stage, panel: (name: string, says: RegExp) => Promise<void>): Promise<void> {
  const of = { workspace: 'lab', machine: 'm-1' } as const;
  const why = 'idle for 3 minutes: GPU 0 %, CPU 1.2 %, nobody logged in';
  const payBack = 'asleep pays after 4 minutes: waking it again costs about $0.0123';
  const warning = (): Talk => ({
    event: 'machine.idle_warning',
    ...of,
    why,
    payBack,
    inMs: 120_000,
    actsAt: Date.now() + 120_000,
    dollarsPerHour: 0.31,
  });
  s.fake.tell(warning());
  await panel('warning', /😴/);
  s.fake.tell({ event: 'workspace.kept', workspace: 'lab', by: 'ana', until: Date.now() + 3_600_000, why: '' });
  await panel('warning-kept', /☕/);
  s.fake.tell({
    event: 'alert.raised',
    workspace: 'lab',
    kind: 'backups_failing',
    why: '3 backups in a row failed: Storage does not answer: timeout',
    mend: 'Read why; "dumont status NAME" shows what is safe. The machine goes on trying.',
  });
  await panel('alert', /🔴.*backups/);
  s.fake.tell({ event: 'alert.resolved', workspace: 'lab', kind: 'backups_failing', why: '', forMs: 60_000 });
  await panel('alert-over', /🟢.*backups/);
  s.fake.tell({
    event: 'machine.lost',
    workspace: 'slow',
    machine: 'm-2',
    lastProvedAt: Date.now() - 60_000,
    why: 'two lists do not have it, and it does not answer',
  });
  await panel('lost', /🔴 \*\*slow\*\*/);
  s.fake.tell({
    event: 'save.failed',
    ...of,
    why: 'Storage does not answer: timeout',
    againInMs: 30_000,
    dollarsPerHour: 0.31,
  });
  await panel('save-failed', /🔴.*(bills|cobra)/);
  const day = 86_400_000;
  const until = Math.floor(Date.now() / day) * day;
  const language = (await s.store.read('guilds', s.guild))?.language ?? 'en';
  s.fake.tell({
    event: 'report.due',
    workspace: null,
    report: 'rp1',
    due: until,
    guild: s.guild,
    channel: s.ops,
    from: until - 7 * day,
    until,
    zone: 'UTC',
    every: 'weekly',
    language,
    by: 'ana',
  });
  await panel('report', /📊/);
}

/** A question, the name that it wants typed, and its answer. */
async function asks(s: Stage, ana: Person, photograph: (name: string, query: object) => Promise<void>): Promise<void> {
  const channel = s.standin.channel(s.guild, 'question');
  const asked = s.standin.run(ana, channel, 'machine destroy', { workspace: 'new' });
  await s.standin.answered(asked);
  const opened = s.standin.press(ana, asked, /Yes|Sim/);
  await s.standin.acked(opened);
  await photograph('question', { channel });
  await s.standin.answered(s.standin.submit(ana, opened, { name: 'new' }));
  await photograph('question-answered', { channel });
}
