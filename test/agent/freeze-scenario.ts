/**
 * Runs inside a machine of its own: a PID and mount namespace with a copy-on-write root. Stopping everything is safe only
 * there. Started by freeze.test.ts; prints what it saw as one line of JSON.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJobs } from '../../engine/agent/jobs/open-jobs.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { processes, processRow } from '../../engine/agent/process-table.ts';
import { type Machine, manifestIn, openWorld, type Running, restoreOrder, saveOrder, type World } from './machine.ts';

const seen: Record<string, unknown> = {};
const started: ChildProcess[] = [];

if (!readFileSync('/proc/1/cmdline', 'utf8').includes('dumont-frozen'))
  throw new Error('this is no machine of its own');
const world = await openWorld();
const machine = world.machineAt('/');
await machine.run('restore', restoreOrder(world));

for (const folder of ['/workspace/other', '/workspace/same', '/workspace/own']) mkdirSync(folder);
writeFileSync('/workspace/own/file', '');
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/workspace/other']);
execFileSync('mount', ['--bind', '/workspace/own', '/workspace/same']);
writeFileSync('/workspace/other/file', '');

const sh = (script: string, program = '/bin/sh'): number => {
  const child = spawn(program, ['-c', script], { stdio: 'ignore', detached: true });
  started.push(child);
  return child.pid!;
};
/** Who waits in vfork for a child that stands still is in D, and cannot move either. */
const still = (letter: string): string => (letter === 'D' ? 'T' : letter);
const state = (pid: number): string => processRow(pid)?.state ?? 'gone';
const moving = (one: string): boolean => 'SRD'.includes(one);
/** Whatever was stopped goes on at once, but on a busy computer it does not show at once. */
const eventually = async (holds: () => boolean): Promise<void> => {
  for (let looks = 0; looks < 200 && !holds(); looks++) await sleep(25);
};
const size = (): number => statSync('/workspace/written').size;

const writer = sh('while :; do echo line >> /workspace/written; sleep 0.01; done');
const forker = sh('while :; do /bin/sh -c "sleep 0.01"; done');
const paused = sh('sleep 1000');
copyFileSync('/bin/sh', '/usr/local/bin/sshd');
const sshd = sh('sleep 999; true', '/usr/local/bin/sshd');
const jobs = openJobs(placeAt('/', '/opt/dumont', '', null), () => undefined);
jobs.begin([{ id: 'op1', argv: ['/bin/sh', '-c', 'while :; do echo on; sleep 0.01; done'] }]);
await sleep(500);
const keeper = Number(readFileSync('/opt/dumont/runs/op1/keeper', 'utf8').split('\n')[0]);
const ofJob = (): readonly string[] =>
  processes().flatMap(({ session, state }) => (session === keeper && state !== 'Z' ? [state] : []));
process.kill(paused, 'SIGSTOP');

/** Nothing of the home of whoever runs the tests. */
async function lastSave(of: World, on: Machine, rounds = 3): Promise<Running> {
  const agent = on.start('save', saveOrder(of, { mode: 'last', rounds, exclude: ['/', '/root/*'] }));
  await agent.until('stopped_processes');
  return agent;
}

const first = await lastSave(world, machine);
seen.stopped = [still(state(writer)), still(state(forker)), state(paused), moving(state(sshd))];
seen.jobStopped = [...new Set(ofJob().map(still))];
const before = size();
const saved = await first.until('saved');
seen.saved = { moved: first.events.some((event) => event.event === 'moved'), partial: saved.partial };
seen.manifest = manifestIn(world)
  .map((line) => line.path)
  .filter((path) => !path.startsWith('usr'));
first.say({ say: 'challenge', paths: ['workspace/written', 'workspace/none'] });
const { sha256 } = await first.until('digests');
seen.digests = [sha256['workspace/written']?.length, sha256['workspace/none']];
seen.stillDuringProof = size() === before;
first.say({ say: 'verdict', processes: 'continue' });
seen.firstCode = await first.ended;
await eventually(() => size() > before && moving(state(writer)) && moving(state(forker)) && ofJob().some(moving));
seen.jobContinued = ofJob().some(moving);
seen.continued = [moving(state(writer)), moving(state(forker)), state(paused), size() > before];

const second = await lastSave(world, machine);
second.hangUp();
seen.hungUpCode = await second.ended;
await eventually(() => moving(state(writer)));
seen.afterHangUp = [moving(state(writer)), state(paused)];

const third = await lastSave(world, machine);
third.child.kill('SIGKILL');
await third.ended;
await eventually(() => moving(state(writer)));
seen.afterKill = [moving(state(writer)), state(paused)];

const fourth = await lastSave(world, machine);
await fourth.until('saved');
fourth.say({ say: 'verdict', processes: 'keep-stopped' });
seen.keptCode = await fourth.ended;
await sleep(100);
seen.kept = [still(state(writer)), still(state(forker)), state(paused)];

const fifth = await lastSave(world, machine);
seen.taken = (fifth.events[0] as { count: number }).count > 0;
await fifth.until('saved');
fifth.say({ say: 'verdict', processes: 'continue' });
await fifth.ended;
await eventually(() => moving(state(writer)) && moving(state(forker)));
seen.lastContinued = [moving(state(writer)), moving(state(forker)), state(paused)];

// Something that is spared writes: the machine's own SSH server would, if somebody uploaded through it.
sh('while :; do echo x > /workspace/uploaded; done', '/usr/local/bin/sshd');
await sleep(50);
const sixth = await lastSave(world, machine, 2);
await sixth.ended;
seen.moving = sixth.events.filter((event) => event.event === 'moved' || event.event === 'failed');
await eventually(() => moving(state(writer)));
seen.afterMoving = [moving(state(writer)), state(paused)];
seen.list = JSON.parse(readFileSync('/opt/dumont/stopped.json', 'utf8'));

console.log(JSON.stringify(seen));
process.kill(-keeper, 'SIGKILL');
for (const { pid } of started) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
await world[Symbol.asyncDispose]();
process.exit(0);
