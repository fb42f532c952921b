import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chamber } from './chamber.ts';

/**
 * Slows a machine down by freezing everything in it 19 of 20 milliseconds, with the kernel's own freezer: programs do not
 * notice, and whatever they read, write or compute takes twenty times as long.
 */
export interface Slowness {
  set(slow: boolean): void;
  /** Back to full speed. What is frozen cannot end. */
  end(): Promise<void>;
}

const FROZEN_MS = 19;
const THAWED_MS = 1;

/** The chamber, and how to slow down whatever runs in it, now and later. */
export function slowable(chamber: Chamber): { readonly chamber: Chamber; readonly slowness: Slowness } {
  const freezer = chamber.init === null ? null : freezerFor(process.pid);
  let wanted = false;
  let running = Promise.resolve();
  const slowDown = async (): Promise<void> => {
    if (!freezer) return;
    mkdirSync(freezer.folder, { recursive: true });
    for (const pid of companionsOf(chamber.init!.pid)) addTo(freezer, pid);
    while (wanted) {
      writeFileSync(freezer.file, freezer.frozen);
      await sleep(FROZEN_MS);
      writeFileSync(freezer.file, freezer.thawed);
      await sleep(THAWED_MS);
    }
  };
  return {
    chamber: {
      ...chamber,
      run(argv, environment) {
        const inside = chamber.run(argv, environment);
        // Before it has started anything: whatever it starts is slowed down with it.
        if (wanted && freezer && inside.child.pid !== undefined) addTo(freezer, inside.child.pid);
        return inside;
      },
    },
    slowness: {
      set(slow) {
        if (slow && !wanted) running = running.then(slowDown).catch((cause) => console.error(cause));
        wanted = slow;
      },
      async end() {
        wanted = false;
        await running;
      },
    },
  };
}

/** Whether this computer lets us freeze processes. */
export function canSlowDown(): boolean {
  const freezer = freezerFor(process.pid);
  if (!freezer) return false;
  try {
    mkdirSync(freezer.folder, { recursive: true });
    return existsSync(freezer.file);
  } catch {
    return false;
  } finally {
    removeFreezer(process.pid);
  }
}

/** Lets go of what a machine's process, which may have been killed, left frozen. */
export function thaw(pid: number): void {
  const freezer = freezerFor(pid);
  if (freezer && existsSync(freezer.folder)) writeFileSync(freezer.file, freezer.thawed);
}

export function removeFreezer(pid: number): void {
  const folder = freezerFor(pid)?.folder;
  try {
    if (folder && existsSync(folder)) rmdirSync(folder);
  } catch (cause) {
    console.error(cause); // it is empty, costs nothing, and is tried again when the machine is removed
  }
}

interface Freezer {
  readonly folder: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
}

/** Each machine has a group of its own, named after its process. */
function freezerFor(pid: number): Freezer | null {
  const name = `dumont-local-${pid}`;
  if (existsSync('/sys/fs/cgroup/freezer')) {
    const folder = join('/sys/fs/cgroup/freezer', name);
    return { folder, file: join(folder, 'freezer.state'), frozen: 'FROZEN', thawed: 'THAWED' };
  }
  const own = existsSync('/sys/fs/cgroup/cgroup.controllers') ? ownGroup() : null;
  if (own === null) return null;
  const folder = join('/sys/fs/cgroup', own, name);
  return { folder, file: join(folder, 'cgroup.freeze'), frozen: '1', thawed: '0' };
}

function ownGroup(): string | null {
  return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? null;
}

/** All processes that live in the same process namespace. */
function companionsOf(init: number): readonly number[] {
  const home = namespaceOf(init);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && namespaceOf(pid) === home);
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

function addTo(freezer: Freezer, pid: number): void {
  try {
    writeFileSync(join(freezer.folder, 'cgroup.procs'), String(pid));
  } catch {
    // It ended in the meantime.
  }
}
