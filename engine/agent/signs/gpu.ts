import type { Activity, Reading } from '../../domain/heartbeat.ts';
import type { GpuLine } from './gpu-readings.ts';
import { type GpuWatch, watchGpu } from './gpu-watch.ts';
import type { Timing } from './timing.ts';

export interface Gpu extends Disposable {
  /** The mean of the busiest GPU. */
  busy(): Activity['gpuPercent'];
  memoryMoved(): Reading;
  /** What we started to measure it. */
  pids(): readonly number[];
}

export function openGpu(program: string, timing: Timing): Gpu {
  const gpus = new Map<number, Samples>();
  let trouble: { readonly absent: boolean; readonly why: string } | null = null;
  let heardAt = timing.steady();
  const fail = (absent: boolean) => (why: string) => {
    trouble = { absent, why };
    gpus.clear();
  };
  const watch: GpuWatch = watchGpu(
    program,
    {
      line(line) {
        trouble = null;
        heardAt = timing.steady();
        gpus.set(line.gpu, add(gpus.get(line.gpu), line));
      },
      absent: fail(true),
      failed: fail(false),
    },
    timing,
  );
  const why = (): string | null => {
    if (trouble) return trouble.why;
    if (timing.steady() - heardAt > STALE_MS) return 'nvidia-smi says nothing';
    return gpus.size === 0 ? 'nvidia-smi has not said anything yet' : null;
  };

  return {
    busy() {
      const wrong = why();
      if (wrong !== null) return { value: null, lastAt: null, say: wrong, absent: trouble?.absent ?? false };
      const means = [...gpus.values()].map((one) => meanOf(one.busy));
      const highest = Math.max(0, ...means.filter((mean) => mean !== null));
      for (const [gpu, one] of gpus) gpus.set(gpu, { ...one, busy: read(one.busy) });
      // One that does not tell may be at work. What another one does is reason enough where it does something.
      if (highest === 0 && means.includes(null))
        return { value: null, lastAt: null, say: 'a GPU does not tell how busy it is', absent: false };
      return { value: highest, lastAt: null, say: gpus.size === 1 ? '1 GPU' : `${gpus.size} GPUs`, absent: false };
    },
    memoryMoved() {
      const wrong = why();
      if (wrong !== null) return { value: null, lastAt: null, say: wrong };
      const known = [...gpus.values()].map((one) =>
        [...one.memory.before, ...one.memory.since].filter((mb) => mb !== null),
      );
      for (const [gpu, one] of gpus) gpus.set(gpu, { ...one, memory: read(one.memory) });
      if (known.some((samples) => samples.length === 0))
        return { value: null, lastAt: null, say: 'a GPU does not tell how much of its memory is in use' };
      const moved = known.map((samples) => Math.max(...samples) - Math.min(...samples));
      return { value: moved.reduce((sum, mb) => sum + mb, 0), lastAt: null, say: '' };
    },
    pids: () => watch.pids(),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

interface Samples {
  readonly busy: Series;
  readonly memory: Series;
}

interface Series {
  /** What was last known at the last reading. */
  readonly before: readonly (number | null)[];
  readonly since: readonly (number | null)[];
}

const NONE: Series = { before: [], since: [] };

function add(samples: Samples | undefined, { busyPercent, memoryMb }: GpuLine): Samples {
  const longer = (series: Series, one: number | null): Series => ({
    before: series.before,
    since: [...series.since, one].slice(-SAMPLES_MAX),
  });
  return { busy: longer(samples?.busy ?? NONE, busyPercent), memory: longer(samples?.memory ?? NONE, memoryMb) };
}

/** Between two looks there is nothing new, and the last one is said again. */
function meanOf({ before, since }: Series): number | null {
  const known = (since.length > 0 ? since : before).filter((sample) => sample !== null);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
}

const read = ({ before, since }: Series): Series => ({ before: [...before, ...since].slice(-1), since: [] });

/** Nobody may have asked for a reading in a long time. */
const SAMPLES_MAX = 1_000;
/** Older than this, what was said last says nothing about now. */
const STALE_MS = 30_000;
