import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Report } from '../../engine/cli/tour/report.ts';
import { run, start } from '../cli/dumont.ts';

// biome-ignore lint/style/noProcessEnv: the global setup says here which restic the tests use.
const { DUMONT_RESTIC } = process.env;
const env = { DUMONT_RESTIC: DUMONT_RESTIC ?? '' };
const TOUR_MS = 280_000;
/** A machine is ended process by process, and a busy computer takes its time. */
const ended = { timeout: 40_000, interval: 100 };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dumont-tour-'));
  writeFileSync(join(home, 'mine'), 'not yours');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Every process that was started for this home. */
function processes(): readonly string[] {
  const all = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8', maxBuffer: 1e8 });
  return all.split('\n').filter((line) => line.includes(home));
}

/** What may be left of a tour: nothing but the programs that are brought once. */
const left = () => ({ home: readdirSync(home).toSorted(), processes: processes() });
const NOTHING = { home: ['kit', 'mine', 'tools'], processes: [] };

test.skipIf(!DUMONT_RESTIC)(
  'the tour brings every file back, byte by byte, on another host, and leaves nothing behind',
  { timeout: TOUR_MS },
  async () => {
    const { code, out, err } = await run(home, ['tour', '--json'], { env });
    expect(code, err + out).toBe(0);
    expect(err).toBe('');
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const report: Report = JSON.parse(out);
    expect(report).toMatchObject({
      ok: true,
      compared: { files: 2_420, links: 1, differing: [] },
      machines: { left: 0 },
    });
    expect(report.unpushed_commit).toMatch(/^[0-9a-f]{40}$/);
    const [first, second] = report.wakes;
    expect(second?.host).not.toBe(first?.host);
    expect(report.machines.rented).toBeGreaterThanOrEqual(6);
    expect(report.sleep.warned_ms, 'people were warned in time').toBeGreaterThan(5_000);
    expect(report.costs.always_on.dollars_per_month).toBeCloseTo(730 * (second?.dollars_per_hour ?? 0), 2);
    expect(left()).toEqual(NOTHING);
  },
);

test.skipIf(!DUMONT_RESTIC)('a tour that is killed leaves nothing behind', { timeout: TOUR_MS }, async () => {
  const tour = start(home, ['tour'], { env });
  await tour.printed(/renting → booting/);
  expect(processes(), 'machines boot').not.toEqual([]);
  const other = await run(home, ['tour'], { env });
  expect({ code: other.code, err: other.err }).toMatchObject({
    code: 69,
    err: expect.stringContaining('Another tour is under way'),
  });
  tour.kill('SIGKILL');
  await expect.poll(left, ended).toEqual(NOTHING);
});

test.skipIf(!DUMONT_RESTIC)(
  'Ctrl-C ends a tour, what it began, and what an engine that was killed left of an earlier one',
  { timeout: TOUR_MS },
  async () => {
    const broken = start(home, ['tour'], { env });
    await broken.printed(/renting → booting/);
    process.kill(keeperOf(broken.pid ?? 0), 'SIGKILL');
    const { code: brokenCode, err: brokenErr } = await broken.ended;
    expect(brokenCode, brokenErr).toBe(70);
    expect(brokenErr).toContain('The next tour takes away what is left in');
    expect(processes(), 'machines outlive their engine').not.toEqual([]);

    const tour = start(home, ['tour'], { env });
    await tour.printed(/machines race/);
    tour.kill('SIGINT');
    const { code, err } = await tour.ended;
    expect(code, err).toBe(130);
    expect(err).toContain('Stopping: its machines end');
    expect(left()).toEqual(NOTHING);
  },
);

function keeperOf(tour: number): number {
  const children = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8', maxBuffer: 1e8 }).split('\n');
  const keeper = children.find((line) => line.trim().split(/\s+/)[1] === String(tour) && line.includes('keeper.ts'));
  return Number(keeper?.trim().split(/\s+/)[0]);
}
