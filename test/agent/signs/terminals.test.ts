import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { processRow } from '../../../engine/agent/process-table.ts';
import type { Counted } from '../../../engine/agent/signs/census.ts';
import { openTerminals } from '../../../engine/agent/signs/terminals.ts';

/** Of a terminal with a number that no machine ever gets to. */
const TERMINAL = 0x0ff0_88ff;

function seenWith(pid: number): Counted {
  const row = processRow(pid)!;
  return { row: { ...row, terminal: TERMINAL }, whose: 'theirs', parent: null, io: null };
}

const readingOf = (...people: readonly Counted[]) =>
  openTerminals().reading({ at: 0, people: new Map(people.map((one) => [String(one.row.pid), one])) });

test('a program that ended since processes were listed has no terminal any more', async () => {
  const child = spawn('sleep', ['60']);
  const row = seenWith(child.pid!);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('exit', resolve));
  expect(readingOf(row)).toEqual({ value: 0, lastAt: null, say: '0 terminals' });
  const another: Counted = { ...row, row: { ...row.row, pid: process.pid } }; // its number was given anew
  expect(readingOf(another)).toEqual({ value: 0, lastAt: null, say: '0 terminals' });
});

test('one that lives, with a terminal that cannot be looked at, leaves it unknown whether somebody is there', () => {
  expect(readingOf(seenWith(process.pid))).toEqual({
    value: null,
    lastAt: null,
    say: 'terminals are open that we cannot look at',
  });
});
