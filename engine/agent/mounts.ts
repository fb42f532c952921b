import { rawPath } from '../domain/wire-path.ts';
import { readIfThere } from './durable.ts';
import type { Place } from './place.ts';

/**
 * Where other file systems are mounted below the machine's root, as raw paths. A path that may only be looked at when its
 * server answers is told apart: asking for it could wait for ever, and everything of the user's stands still meanwhile.
 */
export function mountPoints(place: Place): ReadonlyMap<string, 'local' | 'served'> {
  const points = new Map<string, 'local' | 'served'>();
  const before = rawPath(place.root.endsWith('/') ? place.root : `${place.root}/`);
  for (const line of (readIfThere('/proc/self/mountinfo', 'latin1') ?? '').split('\n')) {
    const [mount = '', type = ''] = line.split(' - ');
    const point = unescaped(mount.split(' ')[4] ?? '');
    if (!point.startsWith(before) || point === before) continue;
    points.set(point.slice(before.length), LOCAL.has(type.split(' ')[0] ?? '') ? 'local' : 'served');
  }
  return points;
}

/** Blanks, line breaks and backslashes stand there as three octal digits. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

const LOCAL: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs', 'overlay', 'tmpfs']);
