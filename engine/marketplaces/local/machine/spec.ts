import { join } from 'node:path';
import type { ProcessId } from '../process-id.ts';

/** How far a machine is kept apart from this computer and from its neighbours. */
export const ISOLATIONS = {
  /** Its own root, mounts and processes, made by root. */
  namespaces: 'each machine has its own root folder, mounts and processes',
  /** The same, made by anybody who may make a user namespace. */
  'user-namespaces': 'each machine has its own root folder, mounts, processes and users',
  /** Nothing of that is to be had here. */
  prefix:
    'this computer gives no machine a root of its own: HOME is a folder of the machine, /root, /workspace, /data and ' +
    '/opt/dumont in commands mean folders below it (DUMONT_LOCAL_ROOT), but programs see the computer as it is',
} as const;
export type Isolation = keyof typeof ISOLATIONS;

/** What the marketplace tells a machine's process before it starts it. */
export interface MachineSpec {
  readonly instance: string;
  readonly isolation: Isolation;
  /** Where this computer's own programs are looked for. */
  readonly searchPath: string;
  readonly loadingMs: number;
  readonly sshMs: number;
  readonly publicKeys: readonly string[];
  readonly bootScript: string;
  readonly bootConfig: string;
  readonly environment: Readonly<Record<string, string>>;
  /** With it the machine can end itself, and do nothing else. Null for one that was made before there was such a key. */
  readonly endKey: string | null;
}

/** What a machine's process does when it is told to misbehave. */
export const MACHINE_FAULTS = ['stuck-loading', 'exits', 'ssh-refused', 'vanished', 'slow-disk'] as const;
export type MachineFault = (typeof MACHINE_FAULTS)[number];

/** What a machine's process says of itself. */
export interface MachineState {
  readonly process: ProcessId;
  /** The first process inside; all others there end with it. */
  readonly init: ProcessId | null;
  readonly phase: 'loading' | 'running' | 'exited';
  readonly message: string;
  readonly port: number | null;
  /** Where it hears its own wish to end. */
  readonly endPort: number | null;
  /** The faults it has taken note of. */
  readonly faults: readonly string[];
}

/** Where everything of one machine lies. */
export function machineFiles(folder: string) {
  return {
    folder,
    spec: join(folder, 'spec.json'),
    /** Who it is, written by whoever started it. */
    process: join(folder, 'process.json'),
    state: join(folder, 'state.json'),
    faults: join(folder, 'faults.json'),
    hostKey: join(folder, 'host_key'),
    bootLog: join(folder, 'boot.log'),
    /** What its own process prints: nothing, as long as all is well. */
    ownLog: join(folder, 'machine.log'),
    /** Laid over the computer's own programs and settings. */
    overlay: join(folder, 'overlay'),
    root: join(folder, 'root'),
    rootScript: join(folder, 'own-root.sh'),
    /** What its GPUs say of themselves. */
    gpu: join(folder, 'root', GPU_FOLDER),
  } as const;
}
export type MachineFiles = ReturnType<typeof machineFiles>;

/** Where the machine's `nvidia-smi` and libcuda are told about its GPUs. */
export const GPU_FOLDER = 'run/nvidia';
