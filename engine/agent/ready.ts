import { execFile } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentEvent, ReadyOrder } from '../domain/agent-protocol.ts';
import { reasonOf } from '../domain/failures.ts';
import { codeOf } from './durable.ts';
import type { Place } from './place.ts';
import type { Talk } from './talk.ts';

/** What is copied to each GPU and back. */
const CUDA_BYTES = 1 << 20;

type Check = Extract<AgentEvent, { event: 'ready' }>['checks'][number];

/** Tries what the marketplace only promises: the GPUs, the disk, the clock and the way to storage. */
export async function ready(order: ReadyOrder, place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  const clock = checkClock(order, Date.now()); // at once: the other checks take a while
  const [gpu, storage] = await Promise.all([checkGpu(order.gpuCount, signal), checkStorage(order.probe, signal)]);
  const disk = checkDisk(place);
  talk.say({ event: 'ready', checks: [gpu, disk, clock, storage] });
}

function checkClock(order: ReadyOrder, now: number): Check {
  const offMs = now - order.now;
  const seconds = (Math.abs(offMs) / 1000).toFixed(1);
  const say = `the clock is ${seconds} s ${offMs < 0 ? 'behind' : 'ahead'}`;
  return { name: 'clock', ok: Math.abs(offMs) <= order.clockSkewMs, say };
}

async function checkGpu(wanted: number, signal: AbortSignal): Promise<Check> {
  if (wanted === 0) return { name: 'gpu', ok: true, say: 'none is wanted' };
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  const listed = await ask('nvidia-smi', query, signal);
  if ('error' in listed) return { name: 'gpu', ok: false, say: `nvidia-smi: ${listed.error}` };
  const gpus = listed.stdout.trim().split('\n').filter(Boolean);
  if (gpus.length < wanted) return { name: 'gpu', ok: false, say: `${gpus.length} of ${wanted} GPUs are there` };
  const cuda = await ask('python3', ['-c', CUDA], signal);
  const what = `${gpus.length} x ${gpus[0]}`;
  if ('error' in cuda) return { name: 'gpu', ok: true, say: `${what}; CUDA not tried: ${cuda.error}` };
  const said = cuda.stdout.trim();
  if (said === 'no libcuda') return { name: 'gpu', ok: true, say: `${what}; CUDA not tried: there is no libcuda` };
  const [, code, count, where = ''] = /^(-?\d+) (\d+) ?(.*)$/.exec(said) ?? [];
  if (code === undefined) return { name: 'gpu', ok: true, say: `${what}; CUDA not tried: ${said.split('\n').at(-1)}` };
  if (where !== '') return { name: 'gpu', ok: false, say: `${what}, but ${where} (error ${code})` };
  if (code !== '0') return { name: 'gpu', ok: false, say: `${what}, but CUDA does not start (error ${code})` };
  return { name: 'gpu', ok: Number(count) >= wanted, say: `${what}; CUDA starts and copies on ${count}` };
}

/**
 * Prints CUDA's error code, the number of devices it can use and, where one of them fails, what it failed at: a GPU that
 * nvidia-smi lists may still not start, give no memory, or lose what is put there. Python calls the driver itself, since
 * images with CUDA have it and hardly any has a compiler.
 */
const CUDA = `
import ctypes, os
try:
    cuda = ctypes.CDLL("libcuda.so.1")
except OSError:
    print("no libcuda")
    raise SystemExit
count = ctypes.c_int(0)
code = cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count))
where = ""
def tried(what, result):
    global code, where
    if result and not where:
        code, where = result, "GPU %d %s" % (n, what)
    return not result
for n in range(count.value if not code else 0):
    device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
    size = ${CUDA_BYTES}
    there, back = os.urandom(size), ctypes.create_string_buffer(size)
    if not tried("is not there", cuda.cuDeviceGet(ctypes.byref(device), n)): break
    if not tried("gives no context", cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)): break
    if not tried("gives no context", cuda.cuCtxSetCurrent(context)): break
    if not tried("gives no memory", cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(size))): break
    if not tried("takes no data", cuda.cuMemcpyHtoD_v2(memory, there, ctypes.c_size_t(size))): break
    if not tried("gives no data back", cuda.cuMemcpyDtoH_v2(back, memory, ctypes.c_size_t(size))): break
    if not tried("gives other data back", -1 if back.raw != there else 0): break
    cuda.cuMemFree_v2(memory)
    cuda.cuDevicePrimaryCtxRelease_v2(device)
print(code, count.value, where)
`;

async function ask(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ stdout: string } | { error: string }> {
  try {
    return await promisify(execFile)(program, args, { signal, timeout: GPU_MS });
  } catch (cause) {
    signal.throwIfAborted();
    if (codeOf(cause) === 'ENOENT') return { error: `there is no ${program}` };
    const words = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    return { error: words.split('\n').at(-1) || reasonOf(cause).split('\n')[0]! };
  }
}

/** Where our own files lie is where the workspace will, unless a volume is mounted there. */
function checkDisk(place: Place): Check {
  const file = join(place.home, 'tmp', `probe.${process.pid}`);
  const startedAt = performance.now();
  try {
    const target = openSync(file, 'w', 0o600);
    try {
      const block = Buffer.alloc(DISK_BYTES, 'dumont');
      for (let written = 0; written < block.length; ) written += writeSync(target, block, written);
      fsyncSync(target);
    } finally {
      closeSync(target);
    }
  } catch (cause) {
    return { name: 'disk', ok: false, say: `the disk takes no write: ${reasonOf(cause)}` };
  } finally {
    rmSync(file, { force: true });
  }
  const mbps = DISK_BYTES / 1_000 / (performance.now() - startedAt);
  return { name: 'disk', ok: mbps >= DISK_MBPS_MIN, say: `${mbps.toFixed(0)} MB/s written and synced` };
}

/** Speed counts from the first byte on: how far away storage is matters less than how wide the way is. */
async function checkStorage(probe: ReadyOrder['probe'], signal: AbortSignal): Promise<Check> {
  if (probe === null) return { name: 'storage', ok: true, say: 'not asked for' };
  try {
    const reply = await fetch(probe.url, { signal: AbortSignal.any([signal, AbortSignal.timeout(STORAGE_MS)]) });
    if (!reply.ok || !reply.body) return { name: 'storage', ok: false, say: `storage answers HTTP ${reply.status}` };
    let bytes = 0;
    let startedAt = 0;
    let first = 0;
    for await (const chunk of reply.body) {
      if (startedAt === 0) {
        startedAt = performance.now();
        first = chunk.length;
      }
      bytes += chunk.length;
      if (performance.now() - startedAt > STORAGE_ENOUGH_MS) break;
    }
    if (bytes < STORAGE_BYTES_MIN)
      return { name: 'storage', ok: true, say: `storage answers; ${bytes} bytes tell no speed` };
    const mbps = ((bytes - first) * 8) / 1_000 / Math.max(performance.now() - startedAt, 1);
    return { name: 'storage', ok: mbps >= probe.mbpsMin, say: `storage comes at ${mbps.toFixed(0)} Mbit/s`, mbps };
  } catch (cause) {
    signal.throwIfAborted();
    const inner = cause instanceof Error && cause.cause ? cause.cause : cause;
    return { name: 'storage', ok: false, say: `storage does not answer: ${reasonOf(inner)}` };
  }
}

const GPU_MS = 15_000;
const DISK_BYTES = 8_000_000;
/** Slower than this a restore would take longer than anybody waits. */
const DISK_MBPS_MIN = 5;
const STORAGE_MS = 10_000;
const STORAGE_ENOUGH_MS = 3_000;
const STORAGE_BYTES_MIN = 1_000_000;
