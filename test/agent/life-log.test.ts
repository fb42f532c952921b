import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logFile, openLog } from '../../engine/agent/life/log.ts';
import type { Place } from '../../engine/agent/place.ts';

test('what the agent notes waits until the engine has it, the newest of it if there is too much, and stands here too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-life-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const place = { root: folder, home: join(folder, 'home') } as unknown as Place;
  mkdirSync(dirname(logFile(place)), { recursive: true });
  const { log, unsaid, said } = openLog(place);
  log('agent.began', { pid: 1 });
  log('backup.failed', { why: 'no route' }, 'WARNING');
  expect(unsaid()).toMatchObject([
    { number: 1, level: 'INFO', event: 'agent.began', facts: { pid: 1 } },
    { number: 2, level: 'WARNING', event: 'backup.failed' },
  ]);
  said(1);
  expect(unsaid().map(({ number }) => number)).toEqual([2]);
  const [first] = readFileSync(logFile(place), 'utf8').split('\n');
  expect(JSON.parse(first!)).toMatchObject({ level: 'INFO', event: 'agent.began', pid: 1 });
  for (let i = 0; i < 600; i++) log('chatter', { why: 'x'.repeat(1_000) });
  expect(unsaid()[0]?.number).toBe(103);
  expect(JSON.stringify(unsaid()).length, 'as much as one heartbeat carries').toBeLessThan(40_000);
  expect(unsaid().length).toBeGreaterThan(20);
});
