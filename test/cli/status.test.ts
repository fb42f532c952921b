import { afterEach, expect, test } from 'vitest';
import type { Pulse, RiskView } from '../../engine/domain/doors.ts';
import { served } from '../http/served.ts';
import { run, start } from './dumont.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function awake(names: readonly string[] = ['lab']) {
  const house = await served({ pace: 0.01, names });
  closing.push(() => house[Symbol.asyncDispose]());
  await run(house.home, ['wake', 'lab', '-q']);
  await expect
    .poll(() => [...house.machines.values()].some(({ complete }) => complete), { timeout: 10_000 })
    .toBe(true);
  return house;
}

function pulse(backup: Partial<Pulse['backup']> = {}): Pulse {
  const now = Date.now();
  return {
    heardAt: now,
    backup: {
      state: 'waiting',
      everyMs: 12_000,
      durableAt: now - 12_500,
      changedAt: null,
      filesPending: 0,
      lastMs: 900,
      failures: 0,
      failedWhy: null,
      watching: 'inotify',
      ...backup,
    },
    jobs: [],
    idle: { sleep: false, why: 'the GPU is 87 % busy', quietSince: null },
  };
}

const card = async (home: string) => (await run(home, ['status', 'lab'])).out;

test('status says when the last backup was, how often one is made, and why it stays awake', async () => {
  const house = await awake();
  house.pulses.set('lab', pulse());
  expect(await card(house.home)).toMatch(/^ {2}backup +\d\d s ago; every 12 s when something changes$/m);
  expect(await card(house.home)).toMatch(/^ {2}sleep +not now: the GPU is 87 % busy$/m);
  expect((await run(house.home, ['status'])).out).toMatch(/^lab +awake .* 1\d s ago /m);
  const { pulse: said } = JSON.parse((await run(house.home, ['status', 'lab', '--json'])).out);
  expect(said.backup).toMatchObject({ state: 'waiting', every_ms: 12_000, files_pending: 0 });

  house.pulses.set('lab', pulse({ state: 'running', filesPending: 3 }));
  expect(await card(house.home)).toMatch(/backup +\d\d s ago, 3 files changed since; one is being made; every 12 s/);
  house.pulses.set('lab', pulse({ state: 'failing', failures: 4, failedWhy: 'storage does not answer' }));
  expect(await card(house.home)).toMatch(/backup +\d\d s ago; failed 4 times in a row: storage does not answer$/m);
  house.pulses.set('lab', pulse({ state: 'off', failedWhy: 'it holds no work' }));
  expect(await card(house.home)).toMatch(/backup +none: it holds no work$/m);
  const bad = { file: 'data/.dumontignore', number: 7, line: '[', why: 'a bracket is not closed' };
  house.pulses.set('lab', pulse({ badLines: [bad, bad], failedWhy: 'its notes cannot be written' }));
  expect(await card(house.home)).toMatch(/every 12 s when something changes; its notes cannot be written$/m);
  expect(await card(house.home)).toMatch(/bad rule +line 7 of \/data\/.dumontignore and 1 more can never match; /);
  house.pulses.delete('lab');
  expect(await card(house.home)).toMatch(/backup +not known: its agent was not heard lately/);
});

test('status says when it goes to sleep, who keeps it awake, and what runs on it', async () => {
  const house = await awake();
  const [[id, machine] = []] = [...house.machines].filter(([, each]) => each.epoch !== null);
  if (!id || !machine) throw new Error('nothing is awake');
  const now = Date.now();
  house.pulses.set('lab', { ...pulse(), idle: { sleep: false, why: 'GPU 0 %', quietSince: now - 65_000 } });
  expect(await card(house.home)).toMatch(/sleep +quiet for 1 min \d s: GPU 0 %/);
  house.machines.set(id, { ...machine, warned: { at: now, actsAt: now + 90_500, why: 'idle for 3 minutes' } });
  expect(await card(house.home)).toMatch(/sleep +at \d\d:\d\d:\d\d, in 1 min \d+ s: idle for 3 minutes/);
  house.machines.set(id, machine);
  await run(house.home, ['keep', 'lab', '2h', '--why', 'a demo']);
  expect(await card(house.home)).toMatch(/sleep +kept awake until \d{4}-\d\d-\d\d \d\d:\d\d by \S+: a demo/);
  house.machines.set(id, { ...machine, warned: { at: now, actsAt: now + 90_500, why: 'the budget of lab is spent' } });
  expect(await card(house.home), 'nobody keeps it awake then').toMatch(/sleep +at .+: the budget of lab is spent$/m);
  house.machines.set(id, machine);
  const lab = house.workspaces.get('lab');
  if (!lab) throw new Error('there is no lab');
  const job = { operation: 'op-9', by: 'ana', at: now, argv: ['python', 'train.py'], thenHibernate: true, machine: id };
  house.workspaces.set('lab', { ...lab, jobs: [job] });
  const running = {
    id: 'op-9',
    state: 'running',
    startedAt: now - 61_000,
    endedAt: null,
    code: null,
    tail: '',
    output: '',
  };
  house.pulses.set('lab', { ...pulse(), jobs: [running as Pulse['jobs'][number]] });
  expect(await card(house.home)).toMatch(/runs +"python …" for 1 min \d s \(ana\) then sleep/);
});

test('status says what its backups take in storage, with the vault, and what that costs a month', async () => {
  const house = await awake();
  expect(await card(house.home), 'nobody has counted yet').not.toMatch(/storage/);
  house.storage.set('lab', { bytes: 7.1e9, vaultBytes: 0, microPerMonth: 106_500, countedAt: Date.now() });
  expect(await card(house.home)).toMatch(/^ {2}storage +7\.1 GB: \$0\.11 a month$/m);
  house.storage.set('lab', { bytes: 7.1e9, vaultBytes: 7e9, microPerMonth: 211_500, countedAt: Date.now() });
  expect(await card(house.home)).toMatch(/^ {2}storage +7\.1 GB and 7\.0 GB in the vault: \$0\.21 a month$/m);
  const { storage } = JSON.parse((await run(house.home, ['status', 'lab', '--json'])).out);
  expect(storage).toMatchObject({ size_bytes: 7.1e9, vault_size_bytes: 7e9, dollars_per_month: 0.2115 });
});

const RISK: RiskView = {
  machine: 'm1',
  files: [{ kind: 'over-cap', path: 'data/model.bin', sizeBytes: 12e9, why: 'larger than 10 GB' }],
  excluded: [{ path: 'workspace/app/node_modules', sizeBytes: 230e6, rule: 'node_modules/' }],
  repositories: [{ path: 'workspace/app', unpushedCommits: 3, changedFiles: 2, stashes: 1, saved: true }],
  pending: { files: 4, bytes: 2.1e6, newest: ['workspace/a.py', 'workspace/b.py', 'workspace/c.py', 'workspace/d.py'] },
  durableAt: Date.now() - 12_000,
  badLines: [{ file: 'workspace/.dumontignore', number: 3, line: '[data', why: 'a bracket is not closed' }],
};

test('status --at-risk says what would be lost, and what would not but people ask about', async () => {
  const house = await awake();
  house.risks.set('lab', RISK);
  const { code, out } = await run(house.home, ['status', 'lab', '--at-risk']);
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    'lab: would lose 1 file in no backup and what changed in 4 files since the last backup',
    '  no backup  /data/model.bin, 12.0 GB: larger than 10 GB',
    '  changed    4 files, 2.1 MB, since the last backup: /workspace/a.py, /workspace/b.py, /workspace/c.py, …',
    '  not pushed /workspace/app: 3 commits, 2 changed files and 1 stash; in the backups all the same',
    '  left out   /workspace/app/node_modules, 230 MB: rule "node_modules/"',
    '  bad rule   /workspace/.dumontignore:3, "[data": a bracket is not closed',
    expect.stringMatching(/^ {2}backup {5}\d\d s ago$/),
    '',
  ]);
  const json = JSON.parse((await run(house.home, ['status', 'lab', '--at-risk', '--json'])).out);
  expect(json).toMatchObject({
    machine_id: 'm1',
    files: [{ size_bytes: 12e9 }],
    repositories: [{ unpushed_commits: 3 }],
    bad_lines: [{ file: 'workspace/.dumontignore', number: 3 }],
  });
});

test('nothing at risk is said so, and a machine that does not answer hides none of the others', async () => {
  const house = await awake(['lab', 'slow', 'third']);
  house.risks.set('lab', {
    ...RISK,
    files: [],
    excluded: [],
    repositories: [],
    badLines: [],
    pending: { files: 0, bytes: 0, newest: [] },
  });
  const one = await run(house.home, ['status', '--at-risk']);
  expect(one.out).toMatch(/^lab: nothing would be lost\n {2}backup +\d\d s ago\n$/);
  await run(house.home, ['wake', 'slow', '-q']);
  const both = await run(house.home, ['status', '--at-risk']);
  expect(both.out).toMatch(/^lab: nothing would be lost$/m);
  expect(both.out).toMatch(/^slow: not known: slow has no machine right now/m);
  expect(both.out).not.toContain('third');
  expect((await run(house.home, ['status', 'third', '--at-risk'])).code).toBe(66);
});

test('an awake workspace is followed until it sleeps', async () => {
  const house = await awake();
  const follow = start(house.home, ['status', 'lab', '--follow']);
  await expect.poll(() => house.bell.listenerCount('told')).toBe(1);
  const facts = { workspace: 'lab', machine: 'm1', why: 'idle for 3 minutes', inMs: 120_000, dollarsPerHour: 0.4 };
  house.tell({ event: 'machine.idle_warning', actsAt: Date.now() + 120_000, ...facts });
  await follow.printed(
    /it goes to sleep at \d\d:\d\d:\d\d, in 2 min: idle for 3 minutes\. It costs \$0\.40\/h until then/,
  );
  await run(house.home, ['hibernate', 'lab', '-q']);
  const { code, out } = await follow.ended;
  expect([code, out]).toEqual([0, 'lab sleeps.\n']);
});

test('what to type next is said the way the command was called', async () => {
  const house = await served();
  closing.push(() => house[Symbol.asyncDispose]());
  const npx = { env: { npm_command: 'exec', npm_lifecycle_event: 'npx' } };
  const made = await run(house.home, ['create', 'fresh'], npx);
  expect(made.out).toContain('\n  npx dumont wake fresh\n');
  expect((await run(house.home, ['wake'], npx)).err).toContain('See "npx dumont wake --help".');
  expect((await run(house.home, ['wake', '--help'], npx)).out).toMatch(/^npx dumont wake NAME \[options\]$/m);
  const script = { env: { npm_command: 'run-script', npm_lifecycle_event: 'dumont' } };
  expect((await run(house.home, ['snapshots', 'fresh'], script)).err).toContain(
    'by "npm run dumont -- snapshot fresh"',
  );
  expect((await run(house.home, ['create', 'plain'])).out).toContain('\n  dumont wake plain\n');
});
