import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { codeOf } from './durable.ts';
import { ignoreRules } from './ignore-rules.ts';
import { statOrWhy } from './look-at.ts';
import type { Matcher } from './matcher.ts';
import type { Mount } from './mounts.ts';
import type { Place } from './place.ts';

export interface SearchHow {
  readonly roots: readonly string[];
  readonly matcher: Matcher;
  readonly mounts: ReadonlyMap<string, Mount>;
  /** Our own folder, as a raw path. */
  readonly home: string | null;
  /** Only what has a later ctime is looked for. */
  readonly began: number;
  /** Of the clock that gives files their times. */
  readonly now: number;
}

/**
 * Each directory as a search saw it. Whatever is put into a directory, taken out of it or renamed there changes its ctime,
 * which nobody can set; so a later search by the same rules lists only those that have another one, and of the files in all
 * others it asks for nothing but their times.
 */
export type SeenFolders = Map<string, Folder>;

interface Folder {
  /** Null: it was changed just before it was listed, and may be again in the same tick of the clock. */
  readonly stamp: string | null;
  /** Names of what is looked at one by one. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Files outside of the backed-up directories, less the system's own, that changed since then. */
export async function searchElsewhere(
  place: Place,
  how: SearchHow,
  seen: SeenFolders,
  signal: AbortSignal,
): Promise<string[]> {
  const device = lstatSync(place.root).dev;
  const found: string[] = [];
  const todo = [''];
  let looked = 0;
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    looked += 1;
    if (looked % BREATH === 0) await breathe();
    signal.throwIfAborted();
    const stat = statOrWhy(place, path, () => 'unseen' as const);
    if (stat === 'unseen') found.push(path); // the walk meets it too, and names it
    if (stat === null || stat === 'unseen' || !stat.isDirectory() || stat.dev !== device) continue;
    const before = seen.get(path);
    const folder = before && before.stamp === stampOf(stat) ? before : list(place, how, path, stat);
    if (folder !== before) seen.set(path, folder);
    for (const name of folder.folders) todo.push(below(path, name));
    for (const name of folder.files) {
      const file = below(path, name);
      const seenFile = statOrWhy(place, file, () => CHANGED);
      if (seenFile && seenFile.ctimeMs >= how.began) found.push(file);
    }
  }
  return found;
}

function list(place: Place, how: SearchHow, path: string, stat: Stats): Folder {
  const settled = stat.ctimeMs < how.now - TICK_MS;
  // There only packages put files, and hundreds of thousands of them: a directory that nobody put anything into is not
  // looked at file by file.
  const coarse = path.startsWith('usr/') && !`${path}/`.startsWith('usr/local/');
  const still = coarse && stat.ctimeMs < how.began;
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entriesIn(place, path)) {
    const directory = entry.isDirectory();
    if (!directory && (still || !(entry.isFile() || entry.isSymbolicLink()))) continue;
    if (belongs(how, below(path, entry.name), entry.name, directory)) (directory ? folders : files).push(entry.name);
  }
  return { stamp: settled ? stampOf(stat) : null, files, folders };
}

function belongs(how: SearchHow, path: string, name: string, directory: boolean): boolean {
  if (how.roots.includes(path) || path === how.home || how.mounts.has(path)) return false;
  return !isSystems(path, name, directory) && !how.matcher(path, directory);
}

/** What lies in a directory of the system's is the system's too, and has to be asked for by that directory's path. */
export function isSystems(path: string, name: string, directory: boolean): boolean {
  const rule = SYSTEMS.findLast((one) => one.matches(path, name, directory));
  return rule !== undefined && !rule.keeps;
}

const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
const stampOf = ({ ino, mode, ctimeMs, mtimeMs }: Stats): string => `${ino} ${mode} ${ctimeMs} ${mtimeMs}`;

function entriesIn(place: Place, path: string) {
  try {
    return readdirSync(place.at(path), { encoding: 'latin1', withFileTypes: true });
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return []; // it went, or cannot be listed
  }
}

/**
 * Never a person's: what the kernel, the boot, the marketplace and the package manager write, and what opens the machine. With
 * another machine's accounts or SSH settings nobody might get in.
 */
const SYSTEMS = ignoreRules(
  `/proc /sys /dev /run /tmp /boot /lost+found /.dockerenv /swapfile
  /var/cache /var/log /var/tmp /var/run /var/lock /var/backups /var/mail
  /var/lib/dpkg /var/lib/apt /var/lib/apk /var/lib/rpm /var/lib/systemd /var/lib/dbus /var/lib/docker /var/lib/containerd
  /var/lib/snapd /var/lib/ucf /var/lib/pam /var/lib/dhcp /var/lib/private /var/lib/NetworkManager /var/lib/update-notifier
  /lib/apk /etc/apk/world /etc/hostname /etc/hosts /etc/resolv.conf /etc/mtab /etc/machine-id /etc/adjtime /etc/environment
  /etc/rp_environment /etc/localtime /etc/timezone /etc/ssh /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/passwd-
  /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid /etc/subgid /etc/subuid- /etc/subgid- /etc/.pwd.lock /etc/ld.so.cache
  /etc/alternatives /etc/rc?.d /etc/ssl/certs /etc/systemd/system/*.wants /etc/.updated *.dpkg-* *.ucf-* .cache/ lost+found/`
    .split(/\s+/)
    .join('\n'),
);

/** What cannot be looked at may have been. */
const CHANGED = { ctimeMs: Number.POSITIVE_INFINITY };
/** Longer than a tick of any file system's clock. */
const TICK_MS = 2_500;
const BREATH = 64;
