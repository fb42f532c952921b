import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import { codeOf, readIfThere, writeDurably } from './durable.ts';
import { ignoreRules } from './ignore-rules.ts';
import type { Matcher } from './matcher.ts';
import type { Mount } from './mounts.ts';
import { ownedBy } from './packages.ts';
import type { Place } from './place.ts';
import { statOf } from './walk.ts';

/**
 * The moment from which on a change of the system is a person's: when the machine was given to the workspace. What the image
 * brought, and what booting wrote, has an older ctime, which nobody can set back.
 */
export function beginHere(place: Place): void {
  if (readIfThere(beganFile(place)) === null) writeDurably(beganFile(place), JSON.stringify(Date.now()));
}

export interface ElsewhereHow {
  readonly roots: readonly string[];
  readonly matcher: Matcher;
  readonly mounts: ReadonlyMap<string, Mount>;
  /** Our own folder, as a raw path. */
  readonly home: string | null;
  /** An older list of them will not do. */
  readonly fresh: boolean;
}

/**
 * Files outside of the backed-up directories that were changed since the machine began, which neither a package nor the system
 * itself wrote. Looking for them reads every directory, so within some minutes the same list is given again.
 */
export async function changedElsewhere(
  place: Place,
  how: ElsewhereHow,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const began = Number(readIfThere(beganFile(place)) ?? Number.NaN);
  if (Number.isNaN(began)) return [];
  const before = how.fresh ? null : lastList(place);
  if (before) return before.filter((path) => !isLeftOut(path, how.matcher));
  const found = await search(place, how, began, signal);
  const owned = await ownedBy(place, found, began, signal);
  const paths = found.filter((path) => !owned.has(path)).toSorted();
  writeDurably(listFile(place), JSON.stringify({ at: Date.now(), paths } satisfies List));
  return paths;
}

/** By a rule of its own or by that of a directory above it. */
function isLeftOut(path: string, matcher: Matcher): boolean {
  if (matcher(path, false)) return true;
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    if (matcher(path.slice(0, slash), true)) return true;
  return false;
}

async function search(place: Place, how: ElsewhereHow, began: number, signal: AbortSignal): Promise<string[]> {
  const device = lstatSync(place.root).dev;
  const found: string[] = [];
  const todo = [''];
  let listed = 0;
  for (let folder = todo.pop(); folder !== undefined; folder = todo.pop()) {
    listed += 1;
    if (listed % BREATH === 0) await breathe();
    signal.throwIfAborted();
    // There only packages put files, and hundreds of thousands of them: a directory that nobody put anything into is not
    // looked at file by file.
    const coarse = folder.startsWith('usr/') && !`${folder}/`.startsWith('usr/local/');
    const still = coarse && (statOf(place, folder)?.ctimeMs ?? 0) < began;
    for (const entry of entriesIn(place, folder)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const directory = entry.isDirectory();
      if (!directory && (still || !(entry.isFile() || entry.isSymbolicLink()))) continue;
      if (how.roots.includes(path) || path === how.home || how.mounts.has(path)) continue;
      if (isSystems(path, entry.name, directory) || how.matcher(path, directory)) continue;
      if (directory) {
        if (statOf(place, path)?.dev === device) todo.push(path);
        continue;
      }
      const stat = statOf(place, path);
      if (stat && stat.ctimeMs >= began) found.push(path);
    }
  }
  return found;
}

function isSystems(path: string, name: string, directory: boolean): boolean {
  const rule = SYSTEMS.findLast((one) => one.matches(path, name, directory));
  return rule !== undefined && !rule.keeps;
}

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
  `/proc /sys /dev /run /tmp /boot /mnt /media /snap /lost+found /.dockerenv /swapfile
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

const List = z.object({ at: z.number(), paths: z.array(z.string()) });
type List = z.infer<typeof List>;

function lastList(place: Place): readonly string[] | null {
  try {
    const list = List.parse(JSON.parse(readIfThere(listFile(place)) ?? 'null'));
    const age = Date.now() - list.at;
    return age >= 0 && age < LIST_MS ? list.paths : null;
  } catch {
    return null; // none yet, or torn
  }
}

const beganFile = (place: Place): string => join(place.home, 'began.json');
const listFile = (place: Place): string => join(place.home, 'cache', 'elsewhere.json');
const LIST_MS = 10 * 60_000;
const BREATH = 64;
