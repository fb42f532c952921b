import { rawPath } from '../domain/wire-path.ts';
import { readIfThere } from '../files/whole-file.ts';
import type { Place } from './place.ts';

/** Another file system, or a part of one. */
export interface Mount {
  /**
   * `served`: it may only be looked at when its server answers. Asking could wait for ever, and everything of the user's
   * stands still meanwhile. What the kernel makes up by itself counts as that too.
   */
  readonly kind: 'local' | 'served';
  readonly readOnly: boolean;
  /** A whole file system, and not one of its directories. */
  readonly whole: boolean;
  /** The raw path below the machine's root that it shows a second time; null when it is from elsewhere. */
  readonly shows: string | null;
}

/** What is mounted below the machine's root, by raw path. */
export function mountPoints(place: Place): ReadonlyMap<string, Mount> {
  return mountsIn(readIfThere('/proc/self/mountinfo', 'latin1') ?? '', place.root);
}

export function mountsIn(mountinfo: string, root: string): ReadonlyMap<string, Mount> {
  const before = rawPath(root.endsWith('/') ? root : `${root}/`);
  const rows = mountinfo.split('\n').filter(Boolean).map(readRow);
  const system = rows.findLast((row) => row.point === '/' && row.from === '/');
  const points = new Map<string, Mount>();
  for (const { device, from, point, options, type, ofAll } of rows) {
    if (!point.startsWith(before) || point === before) continue;
    const shown = device === system?.device && `${from}/`.startsWith(before) && from !== '/';
    points.set(point.slice(before.length), {
      kind: LOCAL.has(type) ? 'local' : 'served',
      readOnly: options.includes('ro') || ofAll.includes('ro'),
      whole: from === '/',
      shows: shown ? from.slice(before.length) : null,
    });
  }
  return points;
}

/** As proc_pid_mountinfo(5) has it; before the dash stand a few fields or none. */
function readRow(line: string) {
  const [mount = '', rest = ''] = line.split(' - ');
  const [, , device = '', from = '', point = '', options = ''] = mount.split(' ');
  const [type = '', , ofAll = ''] = rest.split(' ');
  return {
    device,
    from: unescaped(from),
    point: unescaped(point),
    options: options.split(','),
    type,
    ofAll: ofAll.split(','),
  };
}

/** Blanks, line breaks and backslashes stand there as three octal digits. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

const LOCAL: ReadonlySet<string> = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs nilfs2 vfat exfat ntfs3 overlay tmpfs ramfs'.split(' '),
);
