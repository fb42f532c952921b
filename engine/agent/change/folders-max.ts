import { readIfThere } from '../../files/whole-file.ts';

/**
 * How many directories are watched. Each costs the agent 2 kB, and the watches are shared with everything of the same user:
 * editors need theirs.
 */
export function foldersMax(): number {
  const limit = Number(readIfThere('/proc/sys/fs/inotify/max_user_watches') ?? 0);
  return Math.min(FOLDERS_MAX, Math.floor(limit / 4));
}

const FOLDERS_MAX = 16_000;
