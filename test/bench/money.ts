import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { paidSvg } from '../../bot/charts/money.ts';
import { toPng } from '../../bot/charts/png.ts';
import { wordsIn } from '../../bot/words/words.ts';
import type { Charge } from '../../engine/domain/journals.ts';
import { DAY_MS } from '../../engine/domain/ledger.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { savingsFor } from '../../engine/money/money.ts';
import { openJournals } from '../../engine/store/open-journals.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { FakeStore } from '../fakes/store.ts';
import { type Bench, type Table, target } from './bench.ts';

const FROM = Date.UTC(2025, 0, 1);
const DAYS = 365;
/** Of each workspace and day: a wake of five machines and what storage took, and now and then a bill. */
const A_DAY = 8;

/** A year of ledger: what a report costs that reads sums, and what making the sums costs. */
export const money: Bench = {
  async run(say) {
    const rows: Table['rows'][number][] = [];
    let [one, all] = [0, 0];
    for (const workspaces of [100, 300, 1_000]) {
      const folder = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
      try {
        say(`${workspaces} workspaces: writing ${(workspaces * DAYS * A_DAY).toLocaleString('en')} entries`);
        await writeYear(folder, workspaces);
        say('adding them up');
        const begun = performance.now();
        await report(folder, workspaces, null);
        const first = performance.now() - begun;
        const before = process.memoryUsage().rss;
        [one, all] = [await middle(folder, workspaces, 'w7'), await middle(folder, workspaces, null)];
        const grown = Math.max(0, process.memoryUsage().rss - before) / 1e6;
        rows.push([`${workspaces} workspaces`, workspaces * DAYS * A_DAY, first / 1_000, one, all, grown]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
    return [
      {
        title: 'A report of one year',
        columns: ['ledger', 'entries', 'first of all, s', 'one workspace, ms', 'all, ms', 'memory, MB'],
        rows,
        note: [target('one of 1,000 workspaces', one, 200, 'ms'), target('all of them', all, 2_000, 'ms')].join('\n'),
      },
      await charts(),
    ];
  },
};

async function report(folder: string, workspaces: number, workspace: string | null): Promise<number> {
  await using journals = await openJournals(folder);
  const clock = { now: () => FROM + DAYS * DAY_MS };
  const store = new FakeStore();
  for (let i = 0; i < workspaces; i += 1)
    await store.save('workspaces', aWorkspace({ id: `w${i}`, owner: ownerOf(`w${i}`), createdAt: FROM }));
  const ports = { journals, store, clock } as unknown as Ports;
  const period = { from: FROM, until: FROM + DAYS * DAY_MS };
  const wanted = { workspace, user: null, period, baseline: { kind: 'offer' as const }, by: 'month' as const };
  const began = performance.now();
  const { total } = await savingsFor(wanted, ports);
  if (total.paidMicro === 0) throw new Error('nothing was paid');
  return performance.now() - began;
}

async function middle(folder: string, workspaces: number, workspace: string | null): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i += 1) times.push(await report(folder, workspaces, workspace));
  return times.sort((a, b) => a - b)[2] ?? 0;
}

const ownerOf = (workspace: string): string => `u${workspace.length}`;

async function writeYear(folder: string, workspaces: number): Promise<void> {
  for (let month = 0; month < 12; month += 1) {
    const name = `ledger-2025-${String(month + 1).padStart(2, '0')}.jsonl`;
    await using file = await open(join(folder, name), 'w');
    for (let day = Date.UTC(2025, month); day < Date.UTC(2025, month + 1); day += DAY_MS) {
      let text = '';
      for (let workspace = 0; workspace < workspaces; workspace += 1) text += dayOf(`w${workspace}`, day);
      await file.write(text);
    }
  }
}

function dayOf(workspace: string, day: number): string {
  const hour = 3_600_000;
  const at = day + 20 * hour;
  const common = { at, workspace, owner: ownerOf(workspace), race: `r-${workspace}-${day}`, settles: null };
  return Array.from({ length: A_DAY }, (_, i) => {
    const machine = `m-${workspace}-${day}-${i}`;
    const won = i === 0;
    const charge: Charge = {
      ...common,
      id: `${machine}/1`,
      machine: i === A_DAY - 1 ? null : machine,
      for: won ? 'gpu' : i === A_DAY - 1 ? 'storage' : 'waste',
      source: 'metered',
      micro: won ? 2_400_000 : 4_321,
      from: at - (won ? 6 * hour : 60_000),
      until: at,
      marketMicro: won ? 2_700_000 : null,
    };
    return `${JSON.stringify(charge)}\n`;
  }).join('');
}

/** From the figures to the picture, and what the loop that answers people notices of it. */
async function charts(): Promise<Table> {
  const words = wordsIn('en');
  const figures = { paidMicro: 2_500_000, baselineMicro: 9_600_000, awakeMs: 2e7, asleepMs: 6e7 };
  const rows = Array.from({ length: 31 }, (_, i) => ({ key: `2025-01-${String(i + 1).padStart(2, '0')}`, ...figures }));
  const savings = { rows, period: { from: FROM, until: FROM + 31 * DAY_MS } } as never;
  await toPng(paidSvg(savings, words));
  const times: number[] = [];
  const worst = await longestPause(async () => {
    for (let i = 0; i < 20; i += 1) {
      const began = performance.now();
      await toPng(paidSvg(savings, words));
      times.push(performance.now() - began);
    }
  });
  // What the computer does to a loop that does nothing is no fault of a chart.
  const idle = await longestPause(async () => await pause(1_500));
  const sorted = times.sort((a, b) => a - b);
  const p50 = sorted[10] ?? 0;
  return {
    title: 'A chart of a month, to PNG',
    columns: ['charts', 'P50 ms', 'P95 ms', 'longest pause of the main loop, ms', 'of one that idles, ms'],
    rows: [[20, p50, sorted[18] ?? 0, worst, idle]],
    note: [target('a chart', p50, 150, 'ms'), target('the longest pause', worst, 20, 'ms')].join('\n'),
  };
}

async function longestPause(during: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await during();
  delay.disable();
  return delay.max / 1e6;
}
