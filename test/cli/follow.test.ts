import { expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run, start } from './dumont.ts';

test('a wake that nobody watches is told in plain lines, and the result alone is on standard output', async () => {
  await using house = await served({ pace: 0.1 }); // slow enough that the last files come after the answer
  const { code, out, err } = await run(house.home, ['wake', 'lab']);
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    'lab is usable after 17 s',
    expect.stringMatching(/^ {2}on bravo, eu-west: 1× RTX 4090, \$0\.39\/h, after \d s$/),
    '  the last files are still arriving: dumont logs lab --follow --progress',
    '  dumont ssh lab',
    '',
  ]);
  const lines = err.trim().split('\n');
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d {2}\S/);
  expect(lines[0]).toContain('5 machines race: 5 of 10 offers');
  expect(err).toContain('op-1-m3 on bravo (RTX 4090, eu-west, $0.39/h): renting → booting after');
  expect(err).toContain('usable after 17 s; the rest arrives while you work');
  expect(err).not.toContain('\x1b');
  expect(house.asked[0]?.asked.key).toMatch(/^[0-9a-f-]{36}$/);
});

test('with --json every event is a line and the operation is the last one', async () => {
  await using house = await served();
  const { code, out, err } = await run(house.home, ['wake', 'lab', '--json']);
  expect([code, err]).toEqual([0, '']);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, -1).map(({ number }) => number)).toEqual(lines.slice(1).map((_, index) => index + 1));
  expect(lines.at(-1)).toMatchObject({ verb: 'wake', instance_id: 'lab', outcome: { ok: true } });
});

test('with --quiet there is only the result', async () => {
  await using house = await served();
  const { out, err } = await run(house.home, ['wake', 'lab', '-q']);
  expect(err).toBe('');
  expect(out).toContain('dumont ssh lab');
});

test('a wake that nobody won ends with the exit code of its failure', async () => {
  await using house = await served({ names: ['unlucky'] });
  const { code, out, err } = await run(house.home, ['wake', 'unlucky']);
  expect(code).toBe(75);
  expect(out).toBe('');
  expect(err).toMatch(/No machine became ready: 10 machines were tried, none answered\.\n$/);
});

test('Ctrl-C stops the following, not the wake, and says how to follow on', async () => {
  await using house = await served({ pace: 0.1 });
  const wake = start(house.home, ['wake', 'lab']);
  await wake.printed(/renting → booting/);
  wake.kill('SIGINT');
  const { code, out, err } = await wake.ended;
  expect(code).toBe(130);
  expect(out).toBe('');
  expect(err).toMatch(/Stopped following; the wake goes on\. Follow it again with "dumont status lab --follow"\.\n$/);
  const again = await run(house.home, ['status', 'lab', '--follow']);
  expect([again.code, again.out]).toEqual([0, 'lab is usable after 17 s\n']);
  expect(house.asked.map(({ what }) => what)).toEqual(['wake']);
});

test('a lost connection is made again, with the next engine, from the last event on', async () => {
  await using house = await served({ pace: 0.15 });
  const wake = start(house.home, ['wake', 'lab', '--json']);
  await wake.printed(/"to":"booting"/);
  await house.stop();
  await house.startAgain();
  const { code, out } = await wake.ended;
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const numbers = lines.slice(0, -1).map(({ number }) => number);
  expect(numbers).toEqual(house.told.slice(0, numbers.length).map(({ number }) => number));
  expect(lines.at(-2)).toMatchObject({ event: 'operation.ended' });
  expect(lines.at(-1)).toMatchObject({ verb: 'wake', outcome: { ok: true } });
}, 10_000);

test('the end of an operation is seen even when the event of it is lost', async () => {
  await using house = await served({ pace: 0.05 });
  const wake = start(house.home, ['wake', 'lab']);
  await wake.printed(/renting → booting/);
  await house.stop();
  await wake.printed(/the connection was lost/);
  await expect.poll(() => house.operations.get('op-1')?.endedAt ?? null, { timeout: 5_000 }).not.toBe(null);
  house.told.splice(3); // the next engine forgot what it told
  await house.startAgain();
  expect((await wake.ended).code).toBe(0);
}, 10_000); // sooner than the engine's next sign of life would come

test('logs print what happened and end, or go on with --follow until Ctrl-C', async () => {
  await using house = await served({ names: ['lab', 'other'] });
  await run(house.home, ['wake', 'lab', '-q']);
  const past = await run(house.home, ['logs', 'lab', '--lines', '4']);
  expect(past.out.trim().split('\n')).toHaveLength(4);
  expect((await run(house.home, ['logs', 'lab'])).out).toContain('done: lab is usable');
  expect((await run(house.home, ['logs', 'other'])).err).toContain('Nothing happened yet.');
  const logs = start(house.home, ['logs', '--follow']);
  await logs.printed(/done: lab is usable/);
  house.tell({ event: 'machine.adopted', workspace: 'other', machine: 'm9', why: 'it carries our label' });
  await logs.printed(/other: m9 is ours/);
  logs.kill('SIGINT');
  expect((await logs.ended).code).toBe(130);
});

test('the log of a workspace is shown by level, with what its machine said, and followed', async () => {
  await using house = await served();
  const at = Date.now();
  house.note({ at, level: 'DEBUG', event: 'upkeep.waits', by: null, facts: { why: 'it is waking' } });
  const facts = { why: 'no\u001b[2J route', '\u001b]0;x': 1 };
  house.note({ at, level: 'WARNING', event: 'backup.failed', by: 'm1', facts });
  house.note({ at, level: 'INFO', event: 'workspace.usable', by: null, facts: { machine: 'm1', ms: 34_000 } });
  const pinned = { by: 'ana', verb: 'pin', result: 'a1a1a1a1', why: 'the paper' };
  house.note({ at, level: 'INFO', event: 'workspace.asked', by: null, facts: pinned });
  house.note({ at, level: 'INFO', event: 'workspace.asked', by: 'm1', facts: pinned });
  const { out } = await run(house.home, ['logs', 'lab', '--level', 'info']);
  expect(out.split('\n')).toEqual([
    expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ WARNING m1: backup.failed why="no.*route" [?]+0[?]x=1$/),
    expect.stringContaining('INFO    usable after 34 s'),
    expect.stringContaining('INFO    ana pinned a1a1a1a1: the paper'),
    expect.stringContaining('INFO    m1: workspace.asked by=ana verb=pin'),
    '',
  ]);
  const day = new Date(at).toISOString().slice(0, 10);
  expect((await run(house.home, ['logs', 'lab', '--date', day, '--lines', '5'])).out).toContain('upkeep.waits');
  expect((await run(house.home, ['logs', 'lab', '--date', '2001-01-01'])).err).toContain(
    'The log of lab has nothing on 2001-01-01 (UTC).',
  );
  const loud = ['logs', 'lab', '--level', 'error'];
  expect((await run(house.home, loud)).err).toContain('The log of lab has nothing at ERROR or above.');
  expect((await run(house.home, ['logs', '--level', 'info'])).err).toContain('needs NAME');
  expect((await run(house.home, ['logs', 'lab', '--level', 'loud'])).err).toContain('DEBUG, INFO, WARNING, ERROR');
  const logs = start(house.home, ['logs', 'lab', '--level', 'warning', '--follow']);
  await logs.printed(/backup.failed/);
  house.note({ at, level: 'ERROR', event: 'loop.ended', by: null, facts: {} });
  await logs.printed(/ERROR {3}loop.ended/);
  logs.kill('SIGINT');
  expect((await logs.ended).code).toBe(130);
});

test('a reader that had enough ends it quietly', async () => {
  await using house = await served();
  await run(house.home, ['wake', 'lab', '-q']);
  const { spawn } = await import('node:child_process');
  const { BIN } = await import('./dumont.ts');
  const env = { PATH: '/usr/bin:/bin', DUMONT_HOME: house.home };
  const child = spawn('sh', ['-c', `"${process.execPath}" "${BIN}" logs --json --follow | head -n 2`], { env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  await expect.poll(() => out.split('\n').length).toBe(3);
  house.tell({ event: 'machine.adopted', workspace: 'lab', machine: 'm9', why: 'so that it writes once more' });
  await closed;
  expect(err).toBe('');
});
