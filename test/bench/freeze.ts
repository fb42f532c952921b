import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../engine/policy/times.ts';
import { type Bench, type Table, target } from './bench.ts';
import { ANA, type Lab, openLab } from './living/lab.ts';
import { type Ran, watchPrograms } from './living/programs.ts';
import { smallTree, type Tree, workTree } from './living/trees.ts';

const HIBERNATIONS = 16;
const INTERVAL_MS = 10_000;
const TREES: Readonly<Record<string, (root: string) => Promise<Tree>>> = { small: smallTree, large: workTree };

/**
 * How long people's programs stand still in a last save. A program on the machine writes down the time again and again, and
 * the hole in what it wrote is the figure. So that it can go on and tell, each hibernation is taken back while it saves: the
 * whole save and its proof happen, and only then is it let go.
 */
export const freeze: Bench = {
  async run(say) {
    const rows: Table['rows'][number][] = [];
    const parts: Table['rows'][number][] = [];
    const notes: string[] = [];
    for (const [name, grow] of Object.entries(TREES)) {
      await using lab = await openLab(say, { backupEveryMs: INTERVAL_MS, heartbeatMs: 1_000 });
      const root = await lab.root();
      say(`${name} tree: writing it`);
      const tree = await grow(root);
      await lab.settled();
      await lab.bash(
        `cat > /tmp/tick.sh <<'END'\n${TICK}\nEND\nsetsid bash /tmp/tick.sh > /dev/null 2>&1 < /dev/null &`,
      );
      using programs = watchPrograms();
      const holes: Hole[] = [];
      for (let time = 1; time <= HIBERNATIONS; time++) {
        holes.push(await once(lab, root, time));
        say(`${name} tree: hibernation ${time} of ${HIBERNATIONS}: ${Math.round(holes.at(-1)!.ms)} ms`);
      }
      const ms = holes.map((hole) => hole.ms);
      const last = await truly(lab, root);
      const what = `${tree.files.toLocaleString('en')} files`;
      rows.push([what, ...[0.5, 0.95, 1].map((share) => quantile(ms, share) / 1e3), last / 1e3]);
      notes.push(target(`P95 with ${what}`, quantile(ms, 0.95) / 1e3, 3, 's'));
      for (const [part, each] of phases(lab, programs.ran, holes))
        parts.push([what, part, quantile(each, 0.5), quantile(each, 0.95)]);
    }
    return [
      {
        title: `People's programs stand still in a last save, the backup before it being under 30 s old (${HIBERNATIONS} each, seen by a program on the machine)`,
        columns: ['tree', 'P50 s', 'P95 s', 'max s', 'one that ended: last tick to verdict s'],
        rows,
        note: notes.join('\n'),
      },
      { title: 'Where that time goes', columns: ['tree', 'part', 'P50 ms', 'P95 ms'], rows: parts },
    ];
  },
};

interface Hole {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

async function once(lab: Lab, root: string, time: number): Promise<Hole> {
  await freshBackup(lab, root, time);
  const asked = Date.now();
  const { id } = await lab.dumont.engine.hibernate('lab', {}, ANA);
  await reaches(lab, 'saving');
  await lab.done(lab.dumont.engine.wake('lab', {}, ANA));
  await reaches(lab, 'running');
  await sleep(100);
  const hole = widest(ticks(root).filter((at) => at > asked - 1_000));
  const { outcome } = await lab.dumont.engine.operation(id);
  if (hole.ms < STILL_MS) throw new Error(`nothing stood still: ${JSON.stringify(outcome)}`);
  return hole;
}

/** Something changed, is in a backup of this moment, and a little was done since. */
async function freshBackup(lab: Lab, root: string, time: number): Promise<void> {
  const write = (name: string): void => writeFileSync(join(root, 'workspace/sources', `${name}-${time}`), `${name}`);
  write('before');
  const wrote = Date.now();
  while (((await lab.status())?.backup.durableAt ?? 0) <= wrote) await sleep(50);
  await sleep(Math.random() * 5_000);
  write('since');
}

/** A hibernation to its end: from the last sign of life to the verdict, after which the machine is destroyed. */
async function truly(lab: Lab, root: string): Promise<number> {
  await freshBackup(lab, root, 0);
  const holder = (await lab.dumont.engine.ssh('lab')).machine;
  const done = lab.done(lab.dumont.engine.hibernate('lab', {}, ANA));
  await reaches(lab, 'saving');
  let last = 0;
  for (;;) {
    last = Math.max(last, ...ticks(root).slice(-1));
    const machine = await lab.dumont.ports.store.read('machines', holder);
    const verdict = machine?.entered.releasing;
    if (verdict !== undefined) {
      await done;
      return verdict - last;
    }
    await sleep(10);
  }
}

async function reaches(lab: Lab, state: string): Promise<void> {
  const { machine } = await lab.dumont.engine.ssh('lab');
  while ((await lab.dumont.ports.store.read('machines', machine))?.state !== state) await sleep(5);
}

function ticks(root: string): readonly number[] {
  try {
    const text = readFileSync(join(root, 'tmp/ticks'), 'utf8');
    return text
      .slice(-TICKS_READ)
      .split('\n')
      .slice(1, -1)
      .map((line) => Number(line.replace(',', '.')) * 1e3);
  } catch {
    return []; // its machine is gone
  }
}

function widest(times: readonly number[]): Hole {
  let hole: Hole = { from: 0, to: 0, ms: 0 };
  for (const [i, to] of times.entries()) {
    const from = times[i - 1] ?? to;
    if (to - from > hole.ms) hole = { from, to, ms: to - from };
  }
  return hole;
}

function phases(lab: Lab, ran: readonly Ran[], holes: readonly Hole[]): Map<string, readonly number[]> {
  const parts = new Map<string, number[]>();
  const note = (part: string, ms: number): void => void parts.set(part, [...(parts.get(part) ?? []), ms]);
  for (const hole of holes) {
    const inside = ({ from }: { readonly from: number }): boolean => from >= hole.from && from <= hole.to;
    const restic = ran.find((one) => inside(one) && one.argv[0]?.endsWith('restic') && one.argv.includes('backup'));
    const manifest = lab.asked.find(
      ({ at, action, key }) => action === 'PutObject' && key.includes('/drafts/') && inside({ from: at }),
    );
    if (!restic || !manifest) continue;
    note('stops all, flushes the disk, walks', restic.from - hole.from);
    note('restic saves (hashing beside it)', restic.to - restic.from);
    note('walks again, makes the manifest', manifest.at - restic.to);
    note('sends it, is proved, lets go', hole.to - manifest.at);
    for (const call of lab.calls.filter(inside))
      note(`  of it: the engine reads its ${call.name}`, call.to - call.from);
  }
  return parts;
}

/** Writes down the time every 10 ms. Not with a program of ours: that would be spared. */
const TICK = `mkfifo /tmp/never; exec 3<>/tmp/never
while :; do echo $EPOCHREALTIME; read -t 0.01 -u 3; done > /tmp/ticks`;
const TICKS_READ = 200_000;
const STILL_MS = 50;
