import type { Activity } from '../../domain/heartbeat.ts';

/** Nothing was looked at, so nothing is known, and that counts as alive. */
export function unmeasured(): Activity {
  const unknown = { value: null, lastAt: null, say: 'not measured' };
  return {
    gpuPercent: { ...unknown, absent: false },
    gpuMemoryMovedMb: unknown,
    cpuPercent: unknown,
    diskBytesPerSecond: unknown,
    networkBytesPerSecond: unknown,
    terminals: unknown,
    editors: unknown,
    jupyterKernelsBusy: unknown,
  };
}
