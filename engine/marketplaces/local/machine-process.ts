import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { readIfThere, writeWhole } from '../../files/whole-file.ts';
import { endLeftBehind } from './machine/shared-root.ts';
import { removeFreezer, thaw } from './machine/slowness.ts';
import type { MachineFiles, MachineSpec, MachineState } from './machine/spec.ts';
import { identify, isAlive, over, type ProcessId, signalProcess } from './process-id.ts';

const ProcessRow = z.object({ pid: z.number(), startedAt: z.string() });
const StateRow = z.object({
  process: ProcessRow,
  init: ProcessRow.nullable(),
  phase: z.enum(['loading', 'running', 'exited']),
  message: z.string(),
  port: z.number().nullable(),
  endPort: z.number().nullable().default(null),
  faults: z.array(z.string()),
});

/** Starts the process that is the machine. It belongs to nobody: it goes on when the one who started it ends. */
export function startMachine(files: MachineFiles, spec: MachineSpec): void {
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  writeWhole(files.spec, JSON.stringify(spec));
  const log = openSync(files.ownLog, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, files.folder], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: spec.searchPath, NODE_COMPILE_CACHE: CODE_CACHE },
      cwd: files.folder,
    });
    child.on('error', () => undefined); // then it has no process, and is seen to have exited
    child.unref();
    const id = child.pid === undefined ? null : identify(child.pid);
    writeWhole(files.process, JSON.stringify(id));
  } finally {
    closeSync(log);
  }
}

const MAIN = fileURLToPath(new URL('machine/main.ts', import.meta.url));
/** Compiled once for all machines: it halves their start and saves each of them 25 MB. */
const CODE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/dumont-local', import.meta.url));
/** A machine's own process does little; many of them share this computer. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=128', '--v8-pool-size=1'];

/** What the machine says of itself, as far as that can be believed: who is dead has exited. Null before it said anything. */
export function machineState(files: MachineFiles): MachineState | null {
  const said = saidState(files);
  const started = startedProcess(files);
  const current = [started, said?.process ?? null].find((id) => id !== null && isAlive(id)) ?? started;
  if (!current) return said && { ...said, ...DIED };
  const isItsOwn = said !== null && same(said.process, current);
  if (isAlive(current)) return isItsOwn ? said : null;
  if (!isItsOwn) return { process: current, init: null, faults: [], ...DIED };
  return said.phase === 'exited' ? said : { ...said, ...DIED };
}

const DIED = { phase: 'exited', message: 'it died', port: null, endPort: null } as const;

function saidState(files: MachineFiles): MachineState | null {
  const text = readIfThere(files.state);
  return text === null ? null : StateRow.parse(JSON.parse(text));
}

/** Writes down how it is to misbehave, and waits until it does; one that is over needs no telling. */
export async function tellFaults(files: MachineFiles, faults: readonly string[]): Promise<void> {
  writeWhole(files.faults, JSON.stringify(faults));
  const told = machineState(files);
  if (told) signalProcess(told.process, 'SIGHUP');
  for (let waited = 0; waited < TELL_MS; waited += LOOK_MS) {
    const state = machineState(files);
    if (state?.phase === 'exited' || sameWords(state?.faults ?? [], faults)) return;
    await sleep(LOOK_MS);
  }
}

const TELL_MS = 5_000;
const LOOK_MS = 5;

/** Ends the machine and everything that runs in it. Its folder stays. */
export async function stopMachine(files: MachineFiles): Promise<void> {
  const said = saidState(files);
  const all = [startedProcess(files), said?.process ?? null, said?.init ?? null].filter((id) => id !== null);
  for (const id of all) if (id !== said?.init) signalProcess(id, 'SIGTERM');
  if (!(await allOver(all, POLITE_MS))) {
    for (const id of all) thaw(id.pid);
    for (const id of all) signalProcess(id, 'SIGKILL');
    if (!(await allOver(all, FORCED_MS))) throw new Error(`the processes of the machine in ${files.folder} do not end`);
  }
  for (const id of all) removeFreezer(id.pid);
  endLeftBehind(files.root); // where a machine has no first process whose end ends them all
}

const POLITE_MS = 3_000;
const FORCED_MS = 5_000;

/** Ends the machine and removes all it had. */
export async function removeMachine(files: MachineFiles): Promise<void> {
  await stopMachine(files);
  await removeFolder(files);
}

/** What a machine that is over leaves behind. */
export async function removeFolder(files: MachineFiles): Promise<void> {
  assertNoMounts(files.folder);
  const remove = async (): Promise<void> => await rm(files.folder, { recursive: true, force: true, maxRetries: 3 });
  await remove().catch(async () => {
    spawnSync('chmod', ['-R', 'u+rwX', files.folder]); // folders that even their owner may not change
    await remove();
  });
}

/** Its mounts are seen by its own processes alone. Were one ever seen here, removing would go through it. */
function assertNoMounts(folder: string): void {
  if (process.platform !== 'linux') return;
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  const inside = mounted.find((point) => point.startsWith(`${folder}/`));
  if (inside !== undefined) throw new Error(`${inside} is mounted; ${folder} is not removed`);
}

function startedProcess(files: MachineFiles): ProcessId | null {
  const text = readIfThere(files.process);
  return text === null ? null : ProcessRow.nullable().parse(JSON.parse(text));
}

async function allOver(ids: readonly ProcessId[], ms: number): Promise<boolean> {
  return (await Promise.all(ids.map(async (id) => await over(id, ms)))).every(Boolean);
}

function same(one: ProcessId, other: ProcessId): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt;
}

function sameWords(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word) => others.includes(word));
}
