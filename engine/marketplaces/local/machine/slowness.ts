import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Slows a machine down by freezing everything in it 19 of 20 milliseconds, with the kernel's own freezer: whatever its
 * programs read, write or compute takes twenty times as long, and all they may notice is a read cut short.
 */
export interface Slowness {
  /** From now on, or not any more, for everything in this machine. */
  set(slow: boolean, init: number | null): void;
  /** What a program has to be started with, so that it is slowed down from its first moment on. */
  lead(): readonly string[];
  /** Back to full speed. What is frozen cannot end. */
  end(): Promise<void>;
}

const FROZEN_MS = 19;
const THAWED_MS = 1;

export function slowness(): Slowness {
  const freezer = freezerFor(process.pid);
  let wanted = false;
  let running = Promise.resolve();
  const slowDown = async (members: Freezer): Promise<void> => {
    while (wanted) {
      writeFileSync(members.file, members.frozen);
      await sleep(FROZEN_MS);
      writeFileSync(members.file, members.thawed);
      await sleep(THAWED_MS);
    }
  };
  return {
    set(slow, init) {
      if (slow === wanted || !freezer || init === null) return;
      wanted = slow;
      if (!slow) return;
      mkdirSync(freezer.folder, { recursive: true });
      for (const pid of companionsOf(init)) addTo(freezer, pid);
      running = running.then(async () => await slowDown(freezer)).catch((cause) => console.error(cause));
    },
    lead: () =>
      wanted && freezer ? ['/bin/sh', '-c', 'echo $$ > "$0"; exec "$@"', join(freezer.folder, MEMBERS)] : [],
    async end() {
      wanted = false;
      await running;
    },
  };
}

const MEMBERS = 'cgroup.procs';

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
    writeFileSync(join(freezer.folder, MEMBERS), String(pid));
  } catch {
    // It ended in the meantime.
  }
}
