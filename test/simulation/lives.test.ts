import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { FAULTS } from './gate.ts';
import { type Lane, LIVES, MET_MIN } from './run.ts';
import { census, nameOf, tally } from './schedule.ts';

const LANES = 2;
const RUN = join(import.meta.dirname, 'run.ts');

test(`${LIVES} lives break no law, and every fault meets every call in every state`, { timeout: 600_000 }, async () => {
  const began = performance.now();
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, lane) => liveLane(lane)));
  const seconds = (performance.now() - began) / 1_000;
  const lives = lanes.reduce((sum, lane) => sum + lane.lives, 0);
  const cpuSeconds = lanes.reduce((sum, lane) => sum + lane.cpuMs, 0) / 1_000;
  console.log(`${lives} lives in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor)`);

  const broken = lanes.flatMap((lane) => lane.broken);
  const told = broken
    .slice(0, 10)
    .map(
      ({ seed, plot, law, say }) => `law ${law}: ${say}\n  ${plot}: node test/simulation/run.ts --seed ${seed} --trace`,
    );
  expect(broken.length, told.join('\n')).toBe(0);
  expect(lives).toBeGreaterThanOrEqual(LIVES);

  const hits = lanes.flatMap((lane) => lane.hits);
  const table = tally(hits);
  const cells = (await census()).map(nameOf);
  console.log(draw(cells, table));
  const rare = cells.flatMap((cell) =>
    FAULTS.filter((fault) => (table.get(cell)?.get(fault) ?? 0) < MET_MIN).map(
      (fault) => `${cell}, ${fault}: ${table.get(cell)?.get(fault) ?? 0}`,
    ),
  );
  expect(rare, 'met too seldom').toEqual([]);
});

async function liveLane(lane: number): Promise<Lane> {
  const child = spawn(process.execPath, ['--max-semi-space-size=64', RUN, '--lane', `${lane}/${LANES}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout)) as Lane;
}

function draw(cells: readonly string[], table: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const width = Math.max(...cells.map((cell) => cell.length));
  const row = (cell: string): string =>
    [
      cell.padEnd(width),
      ...FAULTS.map((fault) => String(table.get(cell)?.get(fault) ?? 0).padStart(fault.length)),
    ].join('  ');
  return [['state > call'.padEnd(width), ...FAULTS].join('  '), ...cells.map(row)].join('\n');
}
