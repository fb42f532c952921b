import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { wordsIn } from '../../bot/words/words.ts';
import { ALERT_KINDS, ALERTS } from '../../engine/domain/alert.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { FAILURES, Failure, type FailureCode, sentence } from '../../engine/domain/failures.ts';
import { lastMisfit } from '../../engine/policy/ranking.ts';
import { anOffer } from '../contracts/store-rows.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { EVERY } from './every-command.ts';
import { type Stage, stage } from './stage.ts';

/** Names of things and of people, commands as they are typed, and what the marketplaces themselves say. */
const GIVEN = [
  /DM-\w{4}/g,
  /\*\*new\*\*|for-vi|epoch \d of \d/g,
  /`[^`\n]*`/g, // names, paths and commands
  /"\/[^"]*"/g,
  /<[@#t][^>]*>/g,
  /https?:\S+/g,
  /\b(before the tests|a demo|the paper|the disk is dead|weekdays|mon,thu|daily|twin)\b/g,
  /\b(a-very-long-hostname-of-a-hobbyist|a-very-lo\S*|us-cent\S*|us-east|us-west|eu-west|in-west|ap-sout\S*)/g,
  /\/[a-z]+( [a-z]+)?( [a-z_]+:\S*)*/g,
  /US\$/g,
  /\bDiscord\b|\bDumont\b|SSH|Missing Access|English|mudou: .*?\./g,
];

/** What would end the stories that are told meanwhile. */
const ONCE = new Set(['machine create', 'hibernate', 'machine pause', 'machine resume']);

/** Every word of English that is not one of Portuguese as well. */
const ENGLISH = english();

test('every command, every panel and every failure, in pt-BR: no word of English is left', async () => {
  await using s = await stage({ guild: { language: 'pt' }, pace: 0.05 });
  const ana = { ...s.people.ana, locale: 'pt-BR', permissions: EVERYBODY | (1n << 5n) };
  const leaks: string[] = [];
  const look = (where: string, text: string): void => {
    const bare = GIVEN.reduce((left, given) => left.replace(given, ' '), text);
    const found = (bare.toLowerCase().match(/\p{L}{2,}/gu) ?? []).filter((word) => ENGLISH.has(word));
    if (found.length > 0) leaks.push(`${where}: ${found.join(' ')} in ${text.replaceAll('\n', ' | ').slice(0, 300)}`);
  };
  const every = async (when: string): Promise<void> => {
    for (const [path, options] of EVERY) {
      if (when !== 'asleep' && ONCE.has(path)) continue;
      const asked = s.standin.run(ana, s.ops, path, options);
      look(`${when} /${path}`, textOf(await s.standin.answered(asked)));
      if (!JSON.stringify(asked.original?.components ?? []).includes(':type:')) continue;
      const opened = s.standin.press(ana, asked, 'Sim, faça');
      await s.standin.acked(opened);
      look(
        `${when} /${path} asks`,
        JSON.stringify(opened.modal?.title) + JSON.stringify(opened.modal?.components[0]?.label),
      );
      look(`${when} /${path} wrong`, textOf(await s.standin.answered(s.standin.submit(ana, opened, { name: 'x' }))));
    }
  };

  await every('asleep');
  const panels = watch(s, look);
  await s.standin.answered(s.standin.run(ana, s.ops, 'wake', { workspace: 'lab' }));
  await s.standin.until(() =>
    s.standin.messages(s.ops).some(({ message }) => message.content.startsWith('✅ **lab** está acordado')),
  );
  await every('awake');
  await s.standin.answered(s.standin.run(ana, s.ops, 'status', { panel: true }));
  for (const talk of talks()) s.fake.tell(talk);
  await s.standin.until(
    () => s.standin.messages(s.ops).some(({ message }) => message.content.includes('credenciais')),
    60_000,
  );
  await every('in trouble');
  for (const kind of ALERT_KINDS)
    s.fake.tell({ event: 'alert.resolved', workspace: 'lab', kind, why: '', forMs: 60_000 });
  await s.standin.until(
    () =>
      s.standin.messages(s.ops).filter(({ message }) => message.content.startsWith('🟢')).length >= ALERT_KINDS.length,
    60_000,
  );
  await s.standin.answered(s.standin.run(ana, s.ops, 'hibernate', { workspace: 'lab' }));
  await s.standin.until(
    () => s.standin.messages(s.ops).some(({ message }) => /^✅.*dorme/.test(message.content)),
    60_000,
  );
  panels.end();

  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    s.fake.trouble.fail = new Failure(code, facts);
    look(code, textOf(await s.standin.answered(s.standin.run(ana, s.ops, 'keep', { workspace: 'lab' }))));
  }
  expect(leaks).toEqual([]);
  expect(s.standin.state.wrong).toEqual([]);
}, 240_000);

/** Looks at every version of every panel that is shown meanwhile. */
function watch(s: Stage, look: (where: string, text: string) => void) {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const { message } of s.standin.messages(s.ops)) {
      const text = textOf(message);
      if (!seen.has(text)) look(`panel ${message.content.slice(0, 30)}`, text);
      seen.add(text);
    }
  }, 20);
  return { end: () => clearInterval(timer) };
}

const facts = {
  workspace: 'lab',
  account: 'rui',
  verb: 'keep',
  needed: 'operator',
  why: 'two lists do not have it any more',
  known: 'none',
  sight: 'going to sleep',
  path: '/x',
  file: 'x.json',
  seconds: 3,
  snapshot: 'a1a1',
  marketplace: 'vast',
  address: '1.2.3.4',
  stage: 'booting',
  when: '',
  what: 'lab',
  url: 'x',
  line: 3,
  folder: 'x',
  command: 'x',
  to: 'x',
  token: 'x',
  wanted: '0.17',
  setting: 'x',
  schedule: 's1',
  previous: 'x',
  plan: 'pro',
  pinned: 'x',
  pid: 3,
  operation: 'x',
  met: 'x',
  method: 'x',
  mend: '',
  kilobytesMax: 3,
  key: 'x',
  found: 'x',
  code: 3,
  cap: '$2.00',
  by: 'ana',
  bucket: 'x',
};

/** Everything that people are told, in words that the engine uses. */
function talks(): readonly Talk[] {
  const of = { workspace: 'lab', machine: 'm-1' } as const;
  const offer = { gpu: 'RTX 4090', host: 'bravo', region: 'eu-west', dollarsPerHour: 0.31 };
  const idle = 'idle for 3 minutes: GPU 0 %, CPU 1.2 %, nobody logged in';
  const busy = [
    'the GPU is 90 % busy',
    'nothing was heard of it for 2 minutes, which counts as alive for 4 hours more',
  ];
  const now = Date.now();
  return [
    { event: 'machine.idle_warning', ...of, why: idle, inMs: 120_000, actsAt: now + 120_000, dollarsPerHour: 0.31 },
    ...busy.map((why): Talk => ({ event: 'machine.stays_awake', ...of, why })),
    { event: 'machine.idle_warning', ...of, why: idle, inMs: 120_000, actsAt: now + 120_000, dollarsPerHour: 0.31 },
    { event: 'machine.moved', ...of, from: 'running', to: 'saving', why: `dumont: ${idle}`, ms: 9_000, offer },
    { event: 'save.failed', ...of, why: 'Storage does not answer: timeout', againInMs: 30_000, dollarsPerHour: 0.31 },
    {
      event: 'machine.moved',
      ...of,
      from: 'saving',
      to: 'running',
      why: 'not saved, so it stays ($0.31/h): The backup failed: timeout',
      ms: 9_000,
      offer,
    },
    { event: 'work.at_risk', ...of, why: 'not in the backup: model.bin', paths: ['model.bin'] },
    {
      event: 'machine.lost',
      ...of,
      lastProvedAt: now - 60_000,
      why: 'two lists do not have it, and it does not answer',
    },
    { event: 'machine.adopted', ...of, why: 'it is still listed' },
    { event: 'release.slow', ...of, why: 'it is still listed', dollarsPerHour: 0.31, forMs: 9_000_000 },
    { event: 'workspace.kept', workspace: 'lab', by: 'ana', until: now + 3_600_000, why: '' },
    { event: 'backup.failing', ...of, failures: 3, durableAt: now - 60_000, why: 'Storage refused: timeout' },
    { event: 'after_wake.trouble', ...of, command: 'x', why: 'ended with 3', tail: '' },
    {
      event: 'machine.ended_itself',
      ...of,
      snapshot: 'a1a1a1a1',
      at: now,
      why: 'nobody was at work and no engine answered, so it saved and ended itself',
    },
    { event: 'repository.mended', workspace: 'lab', from: 'x', objects: 1 },
    {
      event: 'race.ended',
      workspace: 'lab',
      race: 'r',
      winner: null,
      why: 'all 15 machines of the plan were tried',
      wasteMicro: 9,
    },
    ...ALERT_KINDS.map(
      (kind): Talk => ({
        event: 'alert.raised',
        workspace: 'lab',
        kind,
        why: WHY[kind] ?? '3 backups in a row failed: nobody knows why',
        mend: ALERTS[kind].en,
      }),
    ),
  ];
}

const WHY: Readonly<Record<string, string>> = {
  backup_late: 'what changed 12 minutes ago is in no backup',
  storage_full: 'its backups take 8.4 GB, 84 % of what its plan has',
  drill_failed: 'snapshot a1a1a1a1 was restored to try it: The restore failed: timeout',
  repository_damaged: sentence('repository_damaged', { workspace: 'lab', why: '3 packs' }),
  vault_behind: 'its vault lacks what is 26 hours old',
  stuck_lock: 'for 40 minutes something has held its repository: timeout',
  credentials_ending: 'the keys of its machine for storage end in 10 minutes',
  recovered: 'The store was built from storage: 3 workspaces.',
};

function textOf({ content, embeds, components, attachments }: APIMessage): string {
  const buttons = (components ?? []).flatMap((row) =>
    'components' in row ? (row.components as { label?: string }[]) : [],
  );
  return [
    content,
    ...embeds.flatMap(({ title, description, fields, footer }) => [
      title,
      description,
      ...(fields ?? []).flatMap(({ name, value }) => [name, value]),
      footer?.text,
    ]),
    ...buttons.map(({ label }) => label),
    ...attachments.map(({ description }) => description),
  ]
    .filter(Boolean)
    .join('\n');
}

test('what the record says of a deed is said in Portuguese', () => {
  const results = [
    ...['came in', 'refused', 'changed', 'removed', 'confirmed', 'parted', 'made a code', 'made t-1', 'ended t-1'],
    ...['sc-1: ended', 'vi: no more', 'a1b2c3d4: no more', 'vi: viewer', 'on, up to $12 a month', 'off', 'nothing'],
    ...['purged with 12 snapshots', 'told how to reach m-1', '/workspace/a of a1b2c3d4 was downloaded'],
    ...['created as operator', 'created for ci', 'behaves again', 'misbehaves: x-1', 'its GPU says 40 %'],
  ];
  expect(results.flatMap(leftInEnglish)).toEqual([]);
});

test('why no machine fits is said in Portuguese', () => {
  const offer = { ...anOffer, region: 'BR', dollarsPerHour: 0.5 };
  const needs = [
    ...[{ kind: 'cpu' as const }, { gpu: 'H100' }, { gpuCountMin: 99 }, { vramGbMin: 999 }, { regions: ['AQ'] }],
    ...[
      { reliabilityMin: 2 },
      { downMbpsMin: 1e6 },
      { diskGbMin: 1e6 },
      { cudaMin: 99 },
      { dollarsPerHourMax: 0.1 },
      {},
    ],
  ];
  expect(needs.map((need) => lastMisfit([offer], need)).flatMap(leftInEnglish)).toEqual([]);
});

/** The text itself, when it has a word of the English texts, or nobody put it into Portuguese. */
function leftInEnglish(text: string): string[] {
  const said = wordsIn('pt').why(text).replaceAll('US$', '$');
  const words = said.toLowerCase().match(/\p{L}{2,}/gu) ?? [];
  return said === text || words.some((word) => ENGLISH.has(word)) ? [said] : [];
}

/** The words of the English texts, less those of the Portuguese. */
function english(): ReadonlySet<string> {
  const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, '..', '..', ...path), 'utf8');
  const lowered = (texts: readonly string[]): string[] =>
    texts
      .join(' ')
      .toLowerCase()
      .match(/\p{L}{2,}/gu) ?? [];
  const reasons = [...read('bot', 'words', 'reasons-pt.ts').matchAll(/\[(['"])(.+?)\1, (['"])(.+?)\3\]/g)];
  const said = (language: 'en' | 'pt'): string[] => [
    ...literals(read('bot', 'words', `${language}.ts`)),
    ...Object.values(FAILURES).map(({ say }) => say[language].replace(/\{\w+\}/g, ' ')),
    ...Object.values(ALERTS).map((say) => say[language]),
    ...reasons.map(([, , en = '', , pt = '']) => (language === 'en' ? en : pt)),
  ];
  const portuguese = new Set(lowered(said('pt')));
  return new Set(lowered(said('en')).filter((word) => !portuguese.has(word)));
}

/** What stands between quotes, without what is put into it and without the names of things. */
function literals(source: string): string[] {
  const text = source
    .replace(/^import .*$/gm, '')
    .replace(/'[^'\n]*':/g, '')
    .replace(/\$\{[^{}]*\}/g, ' ');
  return [...text.matchAll(/'([^'\n]*)'|`([^`]*)`/g)].map(([, quoted, template]) => quoted ?? template ?? '');
}
