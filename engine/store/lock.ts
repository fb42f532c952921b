import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { isMissing, PRIVATE_FILE } from './durable.ts';

export interface Lock extends AsyncDisposable {
  /** Somebody may have removed the file by hand: who took the lock since; null while it is ours. */
  lostTo(): Promise<number | null>;
}

/** Who holds a lock. A process id alone is not enough: ids are used again, most of all after a restart of the computer. */
const Holder = z.object({
  pid: z.number().int(),
  startedAt: z.string().nullable(),
  boot: z.string().nullable(),
  token: z.string(),
});
type Holder = z.infer<typeof Holder>;

/** Takes the lock file, also from a process that is dead; or says which living process holds it. */
export async function takeLock(path: string): Promise<Lock | { readonly heldBy: number }> {
  const own: Holder = { pid: process.pid, ...(await lifeOf(process.pid)), token: randomUUID() };
  const draft = `${path}.${own.token}`;
  await writeFile(draft, JSON.stringify(own), { mode: PRIVATE_FILE });
  try {
    const heldBy = await place(draft, path, own);
    if (heldBy !== null) return { heldBy };
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async lostTo() {
      const holder = await holderOf(path);
      if (holder?.token === own.token) return null;
      if (!holder && (await written(path, own))) return null;
      return (await holderOf(path))?.pid ?? 0;
    },
    async [Symbol.asyncDispose]() {
      if ((await holderOf(path))?.token === own.token) await rm(path, { force: true });
    },
  };
}

/**
 * A link is made whole or not at all, so only one process makes it. Over a dead holder's file the new one is renamed, and
 * only by the one process that was first to place itself as heir of exactly that holder: two that find the same dead
 * holder cannot both believe that they took its place.
 */
async function place(draft: string, path: string, own: Holder): Promise<number | null> {
  for (;;) {
    if (await linked(draft, path)) return null;
    const holder = await holderOf(path);
    if (!holder) continue;
    if (await lives(holder)) return holder.pid;
    const heir = `${path}.heir-${holder.token}`;
    const other = await place(draft, heir, own);
    if (other !== null) return other;
    if ((await holderOf(path))?.token === holder.token) {
      await rename(heir, path);
      return null;
    }
    await rm(heir, { force: true });
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  return await unlessThere(link(draft, path));
}

async function written(path: string, own: Holder): Promise<boolean> {
  return await unlessThere(writeFile(path, JSON.stringify(own), { mode: PRIVATE_FILE, flag: 'wx' }));
}

async function unlessThere(making: Promise<void>): Promise<boolean> {
  try {
    await making;
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

/** Null when there is no lock file. One that cannot be read was not made by us; it is nobody's, and is taken over. */
async function holderOf(path: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return { pid: 0, startedAt: null, boot: null, token: 'unreadable' };
  }
}

async function lives(holder: Holder): Promise<boolean> {
  if (holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EPERM')) return false;
  }
  const now = await lifeOf(holder.pid);
  return agree(now.startedAt, holder.startedAt) && agree(now.boot, holder.boot);
}

/** What the system does not say, or hides from our account, proves nothing. */
function agree(now: string | null, then: string | null): boolean {
  return now === null || then === null || now === then;
}

/** When the process began, and in which run of the computer. */
async function lifeOf(pid: number): Promise<Pick<Holder, 'startedAt' | 'boot'>> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null);
  // The second field is the program's name, which may hold spaces and parentheses; the others come after its last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has an id and a start, but runs nothing and holds no file.
  if (fields?.[STATE] === 'Z') return { startedAt: 'ended', boot: null };
  return { startedAt: fields?.[STARTED] ?? null, boot: boot?.trim() ?? null };
}

/** Of what follows the name in /proc/PID/stat: fields 3 and 22. */
const STATE = 0;
const STARTED = 19;
