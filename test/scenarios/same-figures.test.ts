import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reportMessage } from '../../bot/panels/report.ts';
import { wordsIn } from '../../bot/words/words.ts';
import { dollars, MICRO } from '../../engine/domain/money.ts';
import type { Figures } from '../../engine/domain/savings.ts';
import { noteEngine } from '../../engine/http/engine-file.ts';
import type { SavingsJson } from '../../engine/http/json/savings.ts';
import { serveHttp } from '../../engine/http/serve.ts';
import { run } from '../cli/dumont.ts';
import { aCharge } from '../contracts/journals.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { World } from '../fakes/world.ts';
import { fakeDoors } from '../http/house.ts';

const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 0, 1);
const PERIOD = { from: FROM, until: FROM + 24 * HOUR };

test('the command line, the API, the bot and a report show the same figures, to the micro-dollar', async () => {
  const w = new World();
  await w.store.save('workspaces', aWorkspace({ id: 'lab', owner: 'ana', createdAt: FROM }));
  const entries = [
    { id: 'g', from: FROM, until: FROM + 7 * HOUR, micro: 1_234_567 },
    { id: 'w', from: FROM, until: FROM + HOUR, micro: 76_543, for: 'waste' as const },
    { id: 's', from: FROM, until: FROM + 24 * HOUR, micro: 4_321, for: 'storage' as const, machine: null },
    { id: 'r', from: FROM, until: FROM + 24 * HOUR, micro: 17, for: 'requests' as const, machine: null },
    { id: 'b', from: FROM, until: FROM + 7 * HOUR, micro: -1_234_567, settles: 'g' },
    { id: 'c', from: FROM, until: FROM + 7 * HOUR, micro: 1_200_001, source: 'charged' as const },
  ];
  for (const entry of entries) await w.journals.append('ledger', aCharge({ at: FROM + 24 * HOUR, ...entry }));
  await w.clock.advance(30 * HOUR);
  const { engine, stop } = await w.start();
  const home = await mkdtemp(join(tmpdir(), 'dumont-figures-'));
  const { accounts, audit, meter } = fakeDoors();
  const tokenFile = join(home, 'token');
  const server = await serveHttp(() => engine, {
    port: 0,
    tokenFile,
    log: () => {},
    local: null,
    accounts,
    audit,
    meter,
  });
  const note = await noteEngine(join(home, 'engine.json'), server.url);
  onTestFinished(async () => {
    await note[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await stop();
    await rm(home, { recursive: true, force: true });
  });

  const asked = { workspace: 'lab', user: null, period: PERIOD, baseline: { kind: 'offer' as const } };
  const { total } = await engine.savings({ ...asked, by: 'workspace' });
  expect(total.paidMicro).toBe(76_543 + 4_321 + 17 + 1_200_001);
  expect(total.savedMicro).toBe(Math.round((1_234_567 * 24) / 7) - total.paidMicro);

  const argv = ['savings', 'lab', '--period', '2026-01-01'];
  const shown = JSON.parse((await run(home, [...argv, '--json'])).out) as SavingsJson; // what the API answers, through the command
  expect(figuresOf(shown.total)).toEqual(whole(total));
  const csv = (await run(home, [...argv, '--csv'])).out
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const [head = [], lab = [], sum = []] = csv;
  const cell = (row: readonly string[], name: string): number => Math.round(Number(row[head.indexOf(name)]) * MICRO);
  for (const row of [lab, sum])
    expect([cell(row, 'paid'), cell(row, 'baseline'), cell(row, 'saved')]).toEqual(whole(total).slice(0, 3));

  const amounts = [total.paidMicro, total.savedMicro ?? 0].map((micro) => dollars(micro));
  const { out } = await run(home, argv);
  const words = wordsIn('en');
  const bot = words.answer.savings(await engine.savings({ ...asked, by: 'workspace' }));
  const about = { ...PERIOD, every: 'daily' as const, by: 'ana', workspace: 'lab', shutIn: null };
  const report = await reportMessage(about, engine, words, w.clock.now());
  for (const text of [out, bot.content, report.content]) for (const amount of amounts) expect(text).toContain(amount);
  expect(report.content).toContain(bot.content);
  expect(report.embeds?.[0]?.description).toContain(bot.embeds?.[0]?.description);
  expect(report.files?.find(({ name }) => name === 'paid.png')?.description).toContain(`${amounts[0]} paid in all`);
});

const whole = (figures: Figures): readonly (number | null)[] => [
  figures.paidMicro,
  figures.baselineMicro,
  figures.savedMicro,
  ...Object.values(figures.paidFor),
  figures.differenceMicro,
];
const figuresOf = (total: SavingsJson['total']): readonly (number | null)[] =>
  [
    total.paid_dollars,
    total.baseline_dollars,
    total.saved_dollars,
    ...Object.values(total.paid_for),
    total.difference_dollars,
  ].map((value) => value && Math.round(value * MICRO));
