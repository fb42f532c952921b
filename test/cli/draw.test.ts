import { expect, test } from 'vitest';
import { draw } from '../../engine/cli/draw.ts';
import { beginStory, lost, type Story, settled, told } from '../../engine/cli/story.ts';
import { widthOf } from '../../engine/cli/text-width.ts';
import type { EventJson, TalkJson } from '../../engine/http/json/event.ts';

const T0 = Date.UTC(2025, 0, 1, 12);
const paint = (_: string, text: string) => text;

function event(seconds: number, talk: TalkJson): EventJson {
  return { number: seconds, at: new Date(T0 + seconds * 1_000).toISOString(), instance_id: 'lab', ...talk };
}

function moved(
  seconds: number,
  machine: string,
  from: 'renting' | 'booting' | 'installing' | 'standing-by' | 'restoring' | 'releasing',
  to: 'booting' | 'installing' | 'standing-by' | 'restoring' | 'releasing' | 'running' | 'gone',
  why: string,
): EventJson {
  const offer = { gpu: 'RTX 4090', host: `host-of-${machine}`, region: 'eu-west', dollars_per_hour: 0.4 };
  return event(seconds, { event: 'machine.moved', facts: { machine, from, to, why, ms: 1_000, offer } });
}

function restoring(seconds: number, gigabytes: number): EventJson {
  const facts = { machine: 'm1', bytes_done: gigabytes * 1e9, bytes_total: 7.2e9, files_done: 1, files_total: 2 };
  return event(seconds, { event: 'restore.progress', facts });
}

function story(events: readonly EventJson[], status = 'waking'): Story {
  return events.reduce(told, { ...beginStory('lab', T0), status });
}

const RACE = [
  event(0, { event: 'race.round', facts: { race: 'r', round: 2, machines: 5, why: 'slow' } }),
  moved(1, 'm1', 'renting', 'booting', 'it exists'),
  moved(2, 'm2', 'renting', 'booting', 'it exists'),
  moved(9, 'm1', 'booting', 'installing', 'SSH answers'),
];

test('a race is one line per machine, with what it costs all together', () => {
  expect(draw(story(RACE), { now: T0 + 12_000, columns: 100, rows: 24, paint })).toEqual([
    `lab  waking${' '.repeat(47)}0:12 · $0.80/h · 2 machines · round 2 of 2`,
    '     HOST        REGION   GPU       STAGE        FOR    PRICE  WHY',
    '  ›  host-of-m1  eu-west  RTX 4090  installing  0:03  $0.40/h  SSH answers',
    '  ›  host-of-m2  eu-west  RTX 4090  booting     0:10  $0.40/h  it exists',
  ]);
});

test('the winner is marked, the files have a bar, and who is gone says why it was let go', () => {
  const lines = draw(
    story([
      ...RACE,
      moved(12, 'm1', 'standing-by', 'restoring', 'first to be ready'),
      moved(13, 'm2', 'booting', 'releasing', 'another machine won'),
      moved(20, 'm2', 'releasing', 'gone', 'two lists agree'),
      restoring(20, 1.8),
      restoring(22, 3.6),
      event(22, { event: 'workspace.usable', facts: { machine: 'm1', ms: 22_000 } }),
    ]),
    { now: T0 + 23_000, columns: 90, rows: 24, paint },
  );
  expect(lines.slice(2)).toEqual([
    '  ✓  host-of-m1  eu-west  RTX 4090  restoring   0:11  $0.40/h  first to be ready',
    '  ×  host-of-m2  eu-west  RTX 4090  released          $0.40/h  another machine won',
    '  restoring  ━━━━━━━━━━━━━━━───────────────   50 %  3.6 of 7.2 GB  900 MB/s  4 s left',
    '  ✓ usable after 22 s: dumont ssh lab; the rest arrives while you work',
  ]);
  expect(lines[0]).toMatch(/^lab {2}usable .* 0:23 · \$0\.40\/h$/);
});

test('a restore that starts over measures its speed anew', () => {
  const bar = (events: readonly EventJson[]) =>
    draw(story(events), { now: T0, columns: 90, rows: 24, paint }).find((line) => line.includes('restoring'));
  expect(bar([restoring(1, 5), restoring(2, 0.5)])).not.toContain('/s');
  expect(bar([restoring(1, 0.5), restoring(2, 5)])).toContain('4.5 GB/s');
});

test('trouble is shown, and so is a lost connection', () => {
  const facts = { machine: 'm1', why: 'storage does not answer', again_in_ms: 30_000, dollars_per_hour: 0.4 };
  const worried = lost(story([event(1, { event: 'save.failed', facts })], 'going to sleep'), T0 + 4_000);
  expect(draw(worried, { now: T0 + 10_000, columns: 120, rows: 24, paint }).slice(1)).toEqual([
    '  ! the save failed: storage does not answer; tried again in 30 s, the machine stays at $0.40/h',
    '  the connection was lost 6 s ago; trying again',
  ]);
});

test('a warning counts down until it is kept awake, and a program has its clock', () => {
  const warned = {
    machine: 'm1',
    why: 'idle for 3 minutes',
    acts_at: T0 + 130_000,
    in_ms: 120_000,
    dollars_per_hour: 0.4,
  };
  const job = { machine: 'm1', operation: 'op', command: 'python train.py', checkpoint: null, output: '/o' };
  const events = [
    event(10, { event: 'job.began', facts: job }),
    event(10, { event: 'machine.idle_warning', facts: warned }),
  ];
  const lines = (more: readonly EventJson[], now: number) =>
    draw(story([...events, ...more], 'awake'), { now: T0 + now, columns: 120, rows: 24, paint }).slice(1);
  expect(lines([], 40_000)).toEqual([
    '  ▸ "python train.py" runs for 0:30',
    '  ! goes to sleep in 1:30 unless something stirs: idle for 3 minutes. dumont keep lab 2h',
  ]);
  expect(lines([], 140_000)[1]).toContain('! goes to sleep now');
  const stays = event(50, { event: 'machine.stays_awake', facts: { machine: 'm1', why: 'somebody typed' } });
  const ended = event(51, { event: 'job.ended', facts: { ...job, code: 0, ms: 41_000, tail: '' } });
  expect(lines([stays, ended], 60_000)).toEqual([
    '  ✓ it stays awake: somebody typed',
    '  ✓ "python train.py" ended with 0 after 41 s',
  ]);
});

test('while nothing is warned of, it says why it does not sleep', () => {
  const awake = { ...story([], 'awake'), idle: 'the GPU is 87 % busy' };
  const frame = { now: T0, columns: 120, rows: 24, paint };
  expect(draw(awake, frame)).toContain('  sleep      not now: the GPU is 87 % busy');
  expect(draw({ ...awake, warned: { actsAt: T0 + 9_000, why: 'idle' } }, frame).join('\n')).not.toContain('not now');
  expect(draw({ ...awake, status: 'going to sleep' }, frame).join('\n')).not.toContain('not now');
});

test('in the last frame whoever still raced has lost', () => {
  const won = settled(story([...RACE, moved(12, 'm1', 'standing-by', 'restoring', 'first to be ready')]));
  const lines = draw(won, { now: T0 + 20_000, columns: 90, rows: 24, paint });
  expect(lines.at(-1)).toMatch(/^ {2}× {2}host-of-m2 .* releasing .* another machine won$/);
  expect(settled(story(RACE)).racers.get('m2')?.state).toBe('booting'); // nobody won yet
});

test('an event from before the view was taken does not turn a machine back', () => {
  const now = story(RACE);
  expect(told(now, moved(3, 'm1', 'renting', 'booting', 'it exists')).racers.get('m1')?.state).toBe('installing');
});

test('no frame is larger than its terminal, whatever happens', () => {
  const crowd = Array.from({ length: 15 }, (_, index) =>
    moved(
      index,
      `machine-with-a-long-name-${index}`,
      'renting',
      index % 3 ? 'booting' : 'releasing',
      'because of a rather long reason',
    ),
  );
  const full = lost(
    story([
      ...RACE,
      ...crowd,
      restoring(3, 1),
      restoring(9, 2),
      event(9, { event: 'workspace.usable', facts: { machine: 'm1', ms: 9 } }),
    ]),
    T0,
  );
  for (const columns of [20, 30, 40, 60, 80, 200]) {
    for (const rows of [3, 6, 12, 24, 50]) {
      const lines = draw(full, { now: T0 + 1_000, columns, rows, paint });
      expect(lines.length, `${columns}×${rows}`).toBeLessThan(rows);
      for (const line of lines) expect(widthOf(line), `${columns}×${rows}: ${line}`).toBeLessThanOrEqual(columns);
    }
  }
});

test('in a low terminal those that are over give way to those that race', () => {
  const over = Array.from({ length: 8 }, (_, index) => moved(index, `old-${index}`, 'booting', 'releasing', 'slow'));
  const lines = draw(story([...over, ...RACE]), { now: T0 + 9_000, columns: 100, rows: 8, paint });
  expect(lines.filter((line) => line.includes('host-of-m'))).toHaveLength(2);
  expect(lines.at(-1)).toBe('     and 6 more machines');
});
