import { reasonOf } from '../../domain/failures.ts';
import type { Activity, Reading } from '../../domain/heartbeat.ts';
import type { Place } from '../place.ts';
import { openUsedFiles } from '../used-files.ts';
import { openCensus } from './census.ts';
import { openCpu } from './cpu.ts';
import { openDisk } from './disk.ts';
import { openEditors } from './editors.ts';
import { openGpu } from './gpu.ts';
import { openJupyter } from './jupyter.ts';
import { openNetwork, type Traffic } from './network.ts';
import { SAMPLE_MS } from './sample-ms.ts';
import { openTerminals } from './terminals.ts';
import { realTiming, type Timing } from './timing.ts';

export interface Signs extends Disposable {
  /** What was measured since the last reading. A sign that cannot be measured has value null and says why. */
  reading(): Activity;
  /** What went through the network cards since the machine began, as of the last sample. */
  traffic(): Traffic | null;
}

export interface SignsOptions {
  readonly timing?: Timing;
  /** Called by its name or path. */
  readonly nvidiaSmi?: string;
}

/**
 * Measures whether somebody or something is at work on this machine. `ours` are processes of ours that are to be left out
 * together with everything they started; this process, and programs from our own folder, are left out by themselves, but not
 * what they started, since that may be somebody's job.
 */
export function openSigns(place: Place, ours: () => readonly number[], options: SignsOptions = {}): Signs {
  const { timing = realTiming, nvidiaSmi = 'nvidia-smi' } = options;
  using opened = new DisposableStack();
  const gpu = opened.use(openGpu(nvidiaSmi, timing));
  const census = openCensus(place, () => [...ours(), ...gpu.pids()]);
  const signs = [openCpu(), openDisk(), openNetwork(), openEditors(timing)] as const;
  const [cpu, disk, network, editors] = signs;
  const terminals = openTerminals();
  const used = openUsedFiles(place);
  const jupyter = opened.use(openJupyter(place, timing));

  let last = census.take(timing.steady());
  let trouble: string | null = null;
  const sample = (): void => {
    try {
      const next = census.take(timing.steady());
      const span = { before: last, after: next };
      last = next;
      trouble = null;
      for (const sign of signs) sign.sample(span);
      jupyter.look(next);
      const theirs = [...next.people.values()].filter(({ whose }) => whose === 'theirs');
      used.look(
        theirs.map(({ row }) => row.pid),
        timing.now(),
      );
    } catch (cause) {
      trouble = reasonOf(cause);
    }
  };
  opened.use(timing.every(SAMPLE_MS, sample));
  const measured = (measure: () => Reading): Reading => {
    try {
      return trouble === null ? measure() : unknown(trouble);
    } catch (cause) {
      return unknown(reasonOf(cause));
    }
  };

  const closing = opened.move();
  return {
    reading: () => ({
      gpuPercent: gpu.busy(),
      gpuMemoryMovedMb: gpu.memoryMoved(),
      cpuPercent: measured(() => cpu.reading()),
      diskBytesPerSecond: measured(() => disk.reading()),
      networkBytesPerSecond: measured(() => network.reading()),
      terminals: measured(() => terminals.reading(last)),
      editors: measured(() => editors.reading()),
      jupyterKernelsBusy: measured(() => jupyter.reading()),
    }),
    traffic: () => network.traffic(),
    [Symbol.dispose]: () => closing.dispose(),
  };
}

function unknown(say: string): Reading {
  return { value: null, lastAt: null, say };
}
