import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { type JobLimits, type Jobs, openJobs } from '../../engine/agent/jobs/open-jobs.ts';
import { type Place, placeAt } from '../../engine/agent/place.ts';
import { processRow } from '../../engine/agent/process-table.ts';
import type { JobStatus } from '../../engine/domain/heartbeat.ts';

const folder = mkdtempSync(join(tmpdir(), 'dumont-jobs-'));
const groups = new Set<number>();
afterAll(() => {
  for (const group of groups) endGroup(group, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function place(name: string): Place {
  const root = join(folder, name);
  return placeAt(root, join(root, 'opt/dumont'), '', null);
}

function opened(at: Place, limits?: JobLimits): Jobs & { ends: () => number } {
  let ends = 0;
  const jobs = limits ? openJobs(at, () => ends++, limits) : openJobs(at, () => ends++);
  return Object.assign(jobs, { ends: () => ends });
}

const sh = (id: string, script: string) => ({ id, argv: ['/bin/sh', '-c', script] });

async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) {
    const found = look();
    if (found) return found;
  }
  throw new Error(`waited in vain until ${what}`);
}

const statusOf = (jobs: Jobs, id: string): JobStatus | undefined => jobs.statuses().find((one) => one.id === id);

async function ended(jobs: Jobs, id: string): Promise<JobStatus> {
  return await until(`${id} ended`, () => {
    const status = statusOf(jobs, id);
    return status?.state === 'ended' && status;
  });
}

/** What it printed so far, once it printed that. */
async function printed(at: Place, id: string, words: RegExp): Promise<string> {
  const file = outputOf(at, id);
  return await until(`${id} printed ${words}`, () => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return words.test(text) && text;
  });
}

const outputOf = (at: Place, id: string): string => join(at.root, `workspace/.dumont/runs/${id}/output.txt`);
const metaOf = (at: Place, id: string): unknown =>
  JSON.parse(readFileSync(join(outputOf(at, id), '../meta.json'), 'utf8'));

function endGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // it is over
  }
}

test('a job runs in /workspace with a login environment, apart from us, and its output and end are kept', async () => {
  const at = place('plain');
  using jobs = opened(at);
  const script =
    'pwd; echo "$HOME $SHELL"; test -n "$PATH" && echo path; echo bad >&2; read -r line || echo no input; exit 7';
  jobs.begin([sh('op1', script)]);
  expect(await ended(jobs, 'op1')).toEqual({
    id: 'op1',
    state: 'ended',
    startedAt: expect.any(Number),
    endedAt: expect.any(Number),
    code: 7,
    tail: expect.any(String),
    output: '/workspace/.dumont/runs/op1/output.txt',
  });
  const text = readFileSync(outputOf(at, 'op1'), 'utf8');
  expect(text.split('\n')).toEqual([
    join(at.root, 'workspace'),
    expect.stringMatching(/^\/\S+ \/\S+$/),
    'path',
    'bad',
    'no input',
    '',
  ]);
  expect(statusOf(jobs, 'op1')?.tail).toBe(text);
  expect(metaOf(at, 'op1')).toEqual({
    id: 'op1',
    argv: ['/bin/sh', '-c', script],
    startedAt: expect.stringMatching(/Z$/),
    endedAt: expect.stringMatching(/Z$/),
    code: 7,
  });
  await until('its end was noticed', () => jobs.ends() > 0);
});

test('its words reach the program as they are, whatever a shell would make of them', async () => {
  const at = place('words');
  using jobs = opened(at);
  const words = ['$HOME', '`id`', 'a  b', "it's", '"', '\\n', '*', '', '-n', 'é\n'];
  jobs.begin([
    { id: 'op1', argv: [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...words] },
  ]);
  expect((await ended(jobs, 'op1')).code).toBe(0);
  expect(JSON.parse(readFileSync(outputOf(at, 'op1'), 'utf8'))).toEqual(words);
});

test('a job goes on when the agent is killed, and the next agent learns how it ended; it runs once', async () => {
  const at = place('outlives');
  const go = join(folder, 'outlives-go');
  const order = sh('op1', `echo $$ began; while [ ! -e ${go} ]; do sleep 0.05; done; echo done; exit 5`);
  const agent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'jobs-child.ts'), at.root, JSON.stringify([order])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(agent.stdout, 'data');
  const pid = Number.parseInt(await printed(at, 'op1', /began/), 10);
  agent.kill('SIGKILL');
  await once(agent, 'exit');

  using jobs = opened(at);
  groups.add(processRow(pid)?.session ?? 0);
  expect(processRow(pid)?.session).not.toBe(processRow(process.pid)?.session);
  jobs.begin([order]);
  jobs.begin([order]);
  expect(statusOf(jobs, 'op1')).toMatchObject({ state: 'running', code: null, endedAt: null, tail: `${pid} began\n` });
  writeFileSync(go, '');
  expect(await ended(jobs, 'op1')).toMatchObject({ code: 5, tail: `${pid} began\ndone\n` });
  await until('its end was noticed', () => jobs.ends() > 0);

  using later = opened(at);
  later.begin([order]);
  await sleep(200);
  expect(readFileSync(outputOf(at, 'op1'), 'utf8')).toBe(`${pid} began\ndone\n`);
  expect(later.statuses()).toHaveLength(1);
});

test('a job that was only written down when the agent was killed is started by the next one, and by one alone', async () => {
  const at = place('intent');
  mkdirSync(join(at.home, 'runs/op1'), { recursive: true });
  const order = sh('op1', 'echo ran; sleep 0.3');
  writeFileSync(join(at.home, 'runs/op1/order.json'), JSON.stringify({ argv: order.argv, at: 1_000 }));
  using one = opened(at);
  using other = opened(at);
  expect(one.statuses()).toEqual([]);
  one.begin([order]);
  other.begin([order]);
  expect(await ended(one, 'op1')).toMatchObject({ code: 0, startedAt: 1_000 });
  await sleep(500);
  expect(readFileSync(outputOf(at, 'op1'), 'utf8')).toBe('ran\n');
});

test('an end is told as a shell tells it: a signal, a program that is not there, everything killed at once', async () => {
  const at = place('codes');
  using jobs = opened(at);
  jobs.begin([
    sh('own', 'kill -USR1 $$'),
    sh('all', 'echo began; sleep 100'),
    sh('killed', 'echo began; sleep 100'),
    { id: 'none', argv: ['dumont-no-such-program'] },
    { id: 'builtin', argv: ['ulimit'] },
  ]);
  const leader = async (id: string): Promise<number> => {
    await printed(at, id, /began/);
    const pid = Number(readFileSync(join(at.home, 'runs', id, 'keeper'), 'utf8').split('\n')[0]);
    groups.add(pid);
    return pid;
  };
  endGroup(await leader('all'), 'SIGTERM');
  expect(await ended(jobs, 'own')).toMatchObject({ code: 138 });
  expect(await ended(jobs, 'all')).toMatchObject({ code: 143 });
  expect(await ended(jobs, 'none')).toMatchObject({ code: 127, tail: expect.stringContaining('not found') });
  expect(await ended(jobs, 'builtin')).toMatchObject({ code: 127 });
  endGroup(await leader('killed'), 'SIGKILL');
  expect(await ended(jobs, 'killed')).toMatchObject({ code: 137, tail: 'began\n' });
});

test('on a disk that takes no notes it is known all the same that a job ended', () => {
  const at = place('full');
  const state = join(at.home, 'runs', 'op-1');
  mkdirSync(join(state, 'claim'), { recursive: true });
  mkdirSync(join(state, `code.${process.pid}.new`)); // nothing can be written under this name
  writeFileSync(join(state, 'order.json'), JSON.stringify({ argv: ['true'], at: 1 }));
  utimesSync(join(state, 'claim'), 1, 1); // taken on long ago, by nobody who lives
  mkdirSync(join(at.home, 'runs', 'op-2', 'claim'), { recursive: true });
  mkdirSync(join(at.home, 'runs', 'op-2', 'code')); // cannot even be read
  writeFileSync(join(at.home, 'runs', 'op-2', 'order.json'), JSON.stringify({ argv: ['true'], at: 1 }));
  writeFileSync(join(at.home, 'runs', 'no name'), '');
  using jobs = openJobs(at, () => undefined);
  expect(jobs.statuses()).toMatchObject([{ id: 'op-1', state: 'ended', code: 137 }]);
});

test('a program whose keeper was killed still counts as running until it ends', async () => {
  const at = place('orphan');
  const go = join(folder, 'orphan-go');
  using jobs = opened(at);
  jobs.begin([sh('op1', `echo $$ began; while [ ! -e ${go} ]; do sleep 0.05; done`)]);
  const pid = Number.parseInt(await printed(at, 'op1', /began/), 10);
  const keeper = processRow(pid)!.session;
  groups.add(keeper);
  process.kill(keeper, 'SIGKILL');
  await until('the keeper is gone', () => processRow(keeper) === null);
  expect(statusOf(jobs, 'op1')).toMatchObject({ state: 'running' });
  writeFileSync(go, '');
  expect(await ended(jobs, 'op1')).toMatchObject({ code: 137 });
});

test('what a flood prints beyond the cap is dropped, while it runs too, and that is said at its end', async () => {
  const at = place('flood');
  const go = join(folder, 'flood-go');
  using jobs = opened(at, { outputBytesMax: 10_000 });
  jobs.begin([
    sh('op1', `head -c 5000000 /dev/zero | tr '\\0' x; while [ ! -e ${go} ]; do sleep 0.05; done; echo late`),
  ]);
  await until('the flood came', () => existsSync(outputOf(at, 'op1')) && statSync(outputOf(at, 'op1')).size >= 10_000);
  await until('it was cut', () => statSync(outputOf(at, 'op1')).size === 10_000);
  writeFileSync(go, '');
  const { code, tail } = await ended(jobs, 'op1');
  expect(code).toBe(0);
  expect(tail.split('\n').slice(1)).toEqual(['[dumont: it printed more than 10000 bytes; the rest was dropped]', '']);
  expect(statSync(outputOf(at, 'op1')).size).toBeLessThan(10_200);
});

test('the tail is the last 2 KiB, and cuts no letter in two', async () => {
  const at = place('tail');
  using jobs = opened(at);
  const text = `${'ã'.repeat(3_000)}x`;
  jobs.begin([{ id: 'op1', argv: [process.execPath, '-e', `process.stdout.write(${JSON.stringify(text)})`] }]);
  expect((await ended(jobs, 'op1')).tail).toBe(`${'ã'.repeat(1_023)}x`);
  writeFileSync(outputOf(at, 'op1'), Buffer.from('caf\u00e9').subarray(0, 4));
  using later = opened(at);
  expect(statusOf(later, 'op1')?.tail).toBe('caf');
});

test('ended jobs are named for seven days, the last fifty of them, and never started again', async () => {
  const at = place('many');
  const orders = Array.from({ length: 52 }, (_, n) => sh(`op${n}`, 'echo ran'));
  for (const order of orders) {
    const state = join(at.home, 'runs', order.id);
    mkdirSync(join(state, 'claim'), { recursive: true });
    writeFileSync(join(state, 'order.json'), JSON.stringify({ argv: order.argv, at: 1 }));
    writeFileSync(join(state, 'code'), '0');
    const daysAgo = order.id === 'op51' ? 8 : 0;
    utimesSync(join(state, 'code'), 1, Date.now() / 1000 - daysAgo * 86_400 + Number(order.id.slice(2)) / 100);
  }
  using later = opened(at);
  later.begin(orders);
  await sleep(100);
  const named = later.statuses().map(({ id }) => id);
  expect(named).toHaveLength(50);
  expect(named).not.toContain('op51');
  expect(named).not.toContain('op0');
  expect(existsSync(join(at.root, 'workspace'))).toBe(false);
});

test('a name that would lead elsewhere is refused, and the others start', async () => {
  const at = place('names');
  using jobs = opened(at);
  expect(() => jobs.begin([sh('../up', 'true'), sh('op1', 'true')])).toThrow('no name of a job');
  expect(await ended(jobs, 'op1')).toMatchObject({ code: 0 });
  expect(readdirSync(join(at.home, 'runs'))).toEqual(['op1']);
});
