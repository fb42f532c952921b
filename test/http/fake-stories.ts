import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RaceView } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { intend, type Machine, move, type State } from '../../engine/domain/lifecycle.ts';
import type { Offer } from '../../engine/domain/marketplace.ts';
import type { Operation, Outcome } from '../../engine/domain/operation.ts';
import { programOf, type Workspace } from '../../engine/domain/workspace.ts';

/** Something that happens so many seconds into a story. */
export interface Scene {
  readonly seconds: number;
  readonly act: (stage: Stage) => void;
}

interface Stage {
  readonly machines: Map<string, Machine>;
  readonly races: Map<string, RaceView>;
  readonly operation: Operation;
  readonly tell: (talk: Talk) => void;
  readonly end: (outcome: Outcome) => void;
}

const BYTES = 7.2e9;
const FILES = 4_410;

/** Five machines; one is taken, two are slow, the third wins after 21 s. "slow" needs a second round; "unlucky" gets nobody. */
export function wakeStory(workspace: Workspace, operation: string, offers: readonly Offer[]): Scene[] {
  const name = workspace.id;
  const rounds = name === 'lab' ? 1 : 2;
  const scenes: Scene[] = [];
  const id = (index: number) => `${operation}-m${index + 1}`;
  const at = (seconds: number, act: Scene['act']) => scenes.push({ seconds, act });
  const go = (seconds: number, index: number, to: State, why: string) =>
    at(seconds, (stage) => moved(stage, id(index), to, why));

  for (let round = 1; round <= rounds; round += 1) {
    const first = (round - 1) * 5;
    const start = (round - 1) * 15;
    const these = offers.slice(first, first + 5);
    at(start + 0.05, (stage) => {
      const race = `r-${stage.operation.id}`;
      const { tell } = stage;
      const machines = these.length;
      if (round === 1)
        tell({ event: 'race.began', workspace: name, race, machines, why: `${machines} of ${offers.length} offers` });
      else tell({ event: 'race.round', workspace: name, race, round, machines, why: 'nobody was ready after 15 s' });
      these.forEach((offer, index) => {
        const origin = {
          id: id(first + index),
          workspace: name,
          race,
          label: `dumont-x-${id(first + index)}-${name}`,
          marketplace: 'local',
          offer,
        };
        stage.machines.set(origin.id, intend(origin, 'racing', Date.now()));
      });
      stage.races.set(name, raceOf(stage, race, round, rounds));
    });
    const wins = name !== 'unlucky' && round === rounds;
    go(start + 0.9, first + 1, 'releasing', 'somebody else rented that machine first');
    go(start + 1.2, first, 'booting', 'it exists');
    go(start + 1.6, first + 3, 'booting', 'it exists');
    go(start + 1.9, first + 2, 'booting', 'it exists');
    go(start + 2.6, first + 4, 'booting', 'it exists');
    go(start + 4, first + 1, 'gone', 'two lists agree');
    if (!wins) continue;

    const winner = first + 2;
    go(start + 9, winner, 'installing', 'SSH answers');
    go(start + 11, first, 'installing', 'SSH answers');
    go(start + 12.5, winner, 'standing-by', 'GPU, disk, clock and storage are good');
    at(start + 12.7, (stage) => {
      const machine = stage.machines.get(id(winner)) as Machine;
      stage.machines.set(machine.id, { ...machine, epoch: 1, restored: 'a2'.repeat(32) });
    });
    go(start + 12.8, winner, 'restoring', 'first to be ready');
    const losers = Array.from({ length: first + 5 }, (_, index) => index).filter((index) => index !== winner);
    for (const index of losers) {
      go(start + 13.2 + index / 10, index, 'releasing', 'another machine won');
      go(start + 18 + index / 10, index, 'gone', 'two lists agree');
    }
    for (let step = 0; step <= 20; step += 1) {
      const share = step / 20;
      at(start + 13 + step * 0.5, ({ tell }) =>
        tell({
          event: 'restore.progress',
          workspace: name,
          machine: id(winner),
          bytesDone: Math.round(BYTES * share),
          bytesTotal: BYTES,
          filesDone: Math.round(FILES * share),
          filesTotal: FILES,
        }),
      );
    }
    go(start + 17.1, winner, 'running', 'the critical files are there');
    at(start + 17.2, ({ tell }) =>
      tell({ event: 'workspace.usable', workspace: name, machine: id(winner), ms: (start + 17.1) * 1_000 }),
    );
    at(start + 17.3, ({ tell, operation, end }) => {
      tell({
        event: 'race.ended',
        workspace: name,
        race: `r-${operation.id}`,
        winner: id(winner),
        why: 'it is usable',
        wasteMicro: 9_300,
      });
      end({ ok: true, say: `${name} is usable after ${start + 17} s`, facts: { machine: id(winner) } });
    });
    at(start + 23.1, (stage) => {
      const machine = stage.machines.get(id(winner)) as Machine;
      stage.machines.set(machine.id, { ...machine, complete: true });
      stage.tell({ event: 'workspace.complete', workspace: name, machine: id(winner), files: FILES, bytes: BYTES });
    });
  }
  if (name === 'unlucky') {
    at(31, ({ end, tell, operation }) => {
      const why = '10 machines were tried, none answered';
      tell({ event: 'race.ended', workspace: name, race: `r-${operation.id}`, winner: null, why, wasteMicro: 21_000 });
      end({ ok: false, code: 'race_lost', say: `No machine became ready: ${why}.`, facts: { why } });
    });
  }
  return scenes;
}

export function hibernateStory({ id, workspace }: Machine): Scene[] {
  const at = saveScenes(id, workspace, 0.2);
  at.unshift({ seconds: 0.05, act: (stage) => moved(stage, id, 'saving', 'somebody asked') });
  at.push(
    { seconds: 5.2, act: (stage) => moved(stage, id, 'releasing', 'its work is safe in snapshot a1b2c3d4') },
    {
      seconds: 5.4,
      act: ({ end }) =>
        end({
          ok: true,
          say: `${workspace} sleeps; its work is in snapshot a1b2c3d4`,
          facts: { snapshot: 'a1b2c3d4' },
        }),
    },
    { seconds: 8, act: (stage) => moved(stage, id, 'gone', 'two lists agree') },
  );
  return at;
}

export function snapshotStory({ id, workspace }: Machine): Scene[] {
  return [
    ...saveScenes(id, workspace, 0.1),
    {
      seconds: 5.2,
      act: ({ end }) => end({ ok: true, say: 'snapshot a1b2c3d4 is proved', facts: { snapshot: 'a1b2c3d4' } }),
    },
  ];
}

/** A checkpoint, a program that prints for three seconds, and the word of how it ended. */
export function runStory(
  { id, workspace }: Machine,
  operation: string,
  argv: readonly string[],
  folder: string,
): Scene[] {
  const command = programOf(argv);
  const output = join(folder, `${operation}.txt`);
  const job = { workspace, machine: id, operation, command };
  const code = argv[0] === 'false' ? 3 : 0;
  const print = (seconds: number, text: string): Scene => ({ seconds, act: () => appendFileSync(output, text) });
  return [
    ...saveScenes(id, workspace, 0.1),
    print(5.1, ''),
    {
      seconds: 5.2,
      act: ({ tell }) => tell({ event: 'job.began', ...job, checkpoint: 'a1b2c3d4'.repeat(8), output }),
    },
    print(6, 'epoch 1 of 3\n'),
    print(7, 'epoch 2 of 3\n'),
    print(8, 'epoch 3 of 3\n'),
    {
      seconds: 8.2,
      act: ({ tell }) => tell({ event: 'job.ended', ...job, code, ms: 3_000, tail: 'epoch 3 of 3\n' }),
    },
    {
      seconds: 8.3,
      act: ({ end }) => {
        const say = `${command} ended with ${code}.`;
        const facts = { code, output };
        end(code === 0 ? { ok: true, say, facts } : { ok: false, code: 'command_failed', say, facts });
      },
    },
  ];
}

function saveScenes(machine: string, workspace: string, start: number): Scene[] {
  const scenes: Scene[] = [];
  for (let step = 0; step <= 10; step += 1) {
    const bytesDone = Math.round(196e6 * (step / 10));
    scenes.push({
      seconds: start + step * 0.4,
      act: ({ tell }) => tell({ event: 'save.progress', workspace, machine, bytesDone, bytesTotal: 196e6 }),
    });
  }
  const proved = {
    event: 'snapshot.proved',
    workspace,
    machine,
    snapshot: 'a1b2c3d4'.repeat(8),
    files: FILES,
    bytes: BYTES,
  } as const;
  scenes.push({
    seconds: start + 4.8,
    act: ({ tell }) => tell({ ...proved, why: '30 files were read back and compared' }),
  });
  return scenes;
}

function moved(stage: Stage, id: string, to: State, why: string): void {
  const before = stage.machines.get(id);
  if (!before || before.state === 'gone') return;
  const now = Date.now();
  const next = move(before, to, why, now);
  const after = to === 'installing' ? { ...next, address: { host: 'ssh5.example', port: 40_022 } } : next;
  stage.machines.set(id, after);
  const { gpu, host, region, dollarsPerHour } = before.offer;
  stage.tell({
    event: 'machine.moved',
    workspace: before.workspace,
    machine: id,
    from: before.state,
    to,
    why,
    ms: now - before.since,
    offer: { gpu, host, region, dollarsPerHour },
  });
}

function raceOf(stage: Stage, id: string, round: number, rounds: number): RaceView {
  const racers = [...stage.machines.values()].filter((machine) => machine.race === id);
  return {
    id,
    startedAt: stage.operation.at,
    round,
    rounds,
    racers: racers.map((machine, index) => ({
      machine: machine.id,
      round: Math.floor(index / 5) + 1,
      state: machine.state,
      since: machine.since,
      why: machine.why,
      offer: machine.offer,
    })),
  };
}
