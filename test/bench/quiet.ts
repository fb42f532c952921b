import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookWith } from '../../engine/agent/change/look-with.ts';
import { watchChanges } from '../../engine/agent/change/watch-changes.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { quantile } from '../../engine/policy/times.ts';
import { type Bench, type Table, target } from './bench.ts';
import { agentOf, type Cost, costOf, forgetPeak } from './living/cost.ts';
import { type Lab, openLab } from './living/lab.ts';
import { plainTree } from './living/trees.ts';

const FILES = 100_000;
const FOLDERS = 10_000;
const MINUTES = 3;
const WRITES = 100;

/** What the agent costs while nothing happens, and how soon it sees that something does. */
export const quiet: Bench = {
  async run(say) {
    await using lab = await openLab(say, { backupEveryMs: 10_000, heartbeatMs: 10_000 });
    const root = await lab.root();
    say(`writing ${FILES} files`);
    await plainTree(root, FILES, FOLDERS);
    say('their first backup');
    await lab.settled();
    await sleep(15_000); // what it looks at once more after a backup is part of that backup
    const pid = agentOf(root);
    const { backup } = (await lab.status())!;
    const firstBackupMb = costOf(pid).peakBytes / 1e6;
    const minutes: Minute[] = [];
    for (let minute = 1; minute <= MINUTES; minute++) {
      say(`quiet minute ${minute} of ${MINUTES}`);
      minutes.push(await quietMinute(lab, pid));
    }
    const cpu = minutes.map(({ cpuSeconds }) => cpuSeconds);
    const mb = Math.max(...minutes.map(({ peakBytes }) => peakBytes)) / 1e6;
    const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
    say(`${WRITES} writes`);
    const seen = await detection(root);
    return [
      {
        title: `A quiet minute in ${FILES} files in ${FOLDERS} directories (${MINUTES} of them; changes by ${backup.watching})`,
        columns: ['what', 'median', 'min', 'max'],
        rows: [
          ['CPU-seconds of the agent and its children', ...spread(cpu)],
          ['MB of the agent, the most in the minute', ...spread(minutes.map((minute) => minute.peakBytes / 1e6))],
          ['MB of the agent, at the end of the minute', ...spread(minutes.map((minute) => minute.bytes / 1e6))],
          ['MB of the agent, the most before: its start and the first backup', ...spread([firstBackupMb])],
          ['MB with its children, the most seen', ...spread(minutes.map((minute) => minute.familyBytes / 1e6))],
          ['requests to storage', ...spread(minutes.map((minute) => minute.requests))],
        ],
        note: [
          target('CPU-seconds', quantile(cpu, 0.5), 0.5, 's'),
          target('memory', mb, 120, 'MB'),
          `target: 0 requests; measured ${requests}: ${requests === 0 ? 'met' : 'MISSED'}`,
        ].join('\n'),
      },
      {
        title: `From a write to its change being known, ${WRITES} writes in that tree (the agent's own watch, in a process that does nothing else)`,
        columns: ['P50 ms', 'P99 ms', 'max ms', 'unseen'],
        rows: [[quantile(seen.ms, 0.5), quantile(seen.ms, 0.99), Math.max(...seen.ms), seen.unseen]],
      },
    ] satisfies Table[];
  },
};

interface Minute extends Cost {
  readonly requests: number;
}

async function quietMinute(lab: Lab, pid: number): Promise<Minute> {
  forgetPeak(pid);
  const before = costOf(pid);
  const askedBefore = lab.asked.length;
  const until = performance.now() + 60_000;
  let familyBytes = 0;
  while (performance.now() < until) {
    familyBytes = Math.max(familyBytes, costOf(pid).familyBytes);
    await sleep(500);
  }
  const after = costOf(pid);
  const requests = lab.asked.length - askedBefore;
  return { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds, familyBytes, requests };
}

/** The watch begins anew after each write, as it does when a backup has begun. */
async function detection(root: string): Promise<{ ms: readonly number[]; unseen: number }> {
  const home = join(root, 'opt/dumont');
  const place = placeAt(root, home, join(home, 'restic'), null);
  const wanted = { include: [], exclude: [], fileBytesMax: 10e9 };
  const self = { program: join(home, 'agent.mjs'), argv: ['--root', root, '--home', home] };
  const signal = AbortSignal.timeout(5 * 60_000);
  using changes = await watchChanges(
    place,
    wanted,
    { startLook: lookWith(self, wanted), now: performance.now.bind(performance) },
    signal,
  );
  await changes.look(signal); // the one that it takes by itself is over then
  const ms: number[] = [];
  let unseen = 0;
  let tell: (() => void) | null = null;
  changes.onChange(() => tell?.());
  for (let write = 0; write < WRITES; write++) {
    changes.beginBackup();
    changes.backedUp();
    const folder = Math.floor(Math.random() * FOLDERS);
    const told = new Promise<number>((resolve) => {
      tell = () => resolve(performance.now());
    });
    const at = performance.now();
    writeFileSync(join(root, 'workspace/tree', `part-${folder % 90}`, `folder-${folder}`, `new-${write}`), 'x');
    const seenAt = await Promise.race([told, sleep(UNSEEN_MS, null)]);
    tell = null;
    if (seenAt === null) unseen += 1;
    else ms.push(seenAt - at);
    await sleep(50 + Math.random() * 200);
  }
  return { ms, unseen };
}

const UNSEEN_MS = 10_000;
const spread = (values: readonly number[]) => [quantile(values, 0.5), Math.min(...values), Math.max(...values)];
