import type { Seen, SignName } from './activity.ts';

/** How people are told why a machine stays awake, or why it does not. */
export const SIGN: Readonly<Record<SignName, string>> = {
  gpuPercent: 'the GPU',
  gpuMemoryMovedMb: 'the memory of the GPU',
  cpuPercent: 'the CPU',
  diskBytesPerSecond: 'the disk',
  networkBytesPerSecond: 'the network',
  terminals: 'who is logged in',
  editors: 'who has an editor open',
  jupyterKernelsBusy: 'Jupyter',
};

export function busyWords(sign: SignName, value: number): string {
  switch (sign) {
    case 'gpuPercent':
    case 'cpuPercent':
      return `${SIGN[sign]} is ${percent(value)} busy`;
    case 'gpuMemoryMovedMb':
      return `${SIGN[sign]} moved by ${Math.round(value)} MB`;
    case 'diskBytesPerSecond':
    case 'networkBytesPerSecond':
      return `${SIGN[sign]} moves ${speed(value)}`;
    case 'jupyterKernelsBusy':
      return count(value, 'Jupyter kernel is busy', 'Jupyter kernels are busy');
    case 'terminals':
      return count(value, 'terminal is open', 'terminals are open');
    case 'editors':
      return count(value, 'editor is connected', 'editors are connected');
  }
}

export function touchWords(sign: SignName, agoMs: number): string {
  const ago = `${duration(agoMs)} ago`;
  if (sign === 'terminals') return `somebody typed ${ago}`;
  if (sign === 'editors') return `somebody used an editor ${ago}`;
  if (sign === 'jupyterKernelsBusy') return `a Jupyter kernel was used ${ago}`;
  return `${SIGN[sign]} was used ${ago}`;
}

export function openWords(sign: SignName, value: number, untouchedMs: number): string {
  return `${busyWords(sign, value)}, untouched for ${duration(untouchedMs)}`;
}

/** What an idle machine looked like, with its numbers. */
export function idleWords({ signs }: Seen, now: number): string {
  const { gpuPercent, cpuPercent, terminals, editors } = signs;
  const gpu = gpuPercent.absent ? 'no GPU' : gpuPercent.value === null ? null : `GPU ${percent(gpuPercent.value)}`;
  const cpu = cpuPercent.value === null ? null : `CPU ${percent(cpuPercent.value)}`;
  const open = [...openOnes('terminals', terminals, now), ...openOnes('editors', editors, now)];
  const nobody = terminals.value === null || open.length > 0 ? [] : ['nobody logged in'];
  const unknown = (Object.keys(signs) as SignName[])
    .filter((sign) => signs[sign].unknownSince !== null)
    .map((sign) => unmeasured(sign, signs[sign].unknownSince ?? now, signs[sign].say, now));
  return [gpu, cpu, ...open, ...nobody, ...unknown].filter((part) => part !== null).join(', ');
}

function openOnes(sign: SignName, { openSince, touchedAt, value }: Seen['signs'][SignName], now: number): string[] {
  if (openSince === null) return [];
  return [openWords(sign, value ?? 0, now - (touchedAt ?? openSince))];
}

function unmeasured(sign: SignName, since: number, say: string, now: number): string {
  return `${SIGN[sign]} not measured for ${duration(now - since)}${say && ` (${say})`}`;
}

/** "40 seconds", "1 minute", "3 hours": never more than has passed. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return plural(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return plural(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? plural(hours, 'hour') : plural(Math.floor(hours / 24), 'day');
}

/** The engine's own clock may stand anywhere, so the hour is that of UTC, and says so. */
export function clockTime(at: number, now: number): string {
  const [day, time] = new Date(at).toISOString().split('T') as [string, string];
  const clock = `${time.slice(0, 5)} UTC`;
  return new Date(now).toISOString().startsWith(day) ? clock : `${day} ${clock}`;
}

/** Small means keep a digit, so that one just below a threshold does not look like one that reached it. */
function percent(value: number): string {
  return value > 0 && value < 10 ? `${Number(value.toFixed(1))} %` : `${Math.round(value)} %`;
}

function speed(bytesPerSecond: number): string {
  if (bytesPerSecond >= 1e6) return `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
  return `${Math.round(bytesPerSecond / 1e3)} kB/s`;
}

const plural = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** A mean of a count is shown as the whole number above it. */
function count(value: number, one: string, many: string): string {
  const whole = Math.ceil(value);
  return `${whole} ${whole === 1 ? one : many}`;
}
