import { reasonOf } from '../../domain/failures.ts';
import type { Self } from '../restore.ts';
import { type BackupOrder, BackupSaid } from './backup-talk.ts';
import { type Child, startChild } from './child.ts';

export type Progress = Extract<BackupSaid, { event: 'progress' }>;
export type BackupEnd = Exclude<BackupSaid, Progress>;

/** One backup, in a process of its own. */
export interface RunningBackup extends Pick<Child, 'pid' | 'say'> {
  /** How it ended is its last word. Never rejects. */
  readonly end: Promise<BackupEnd>;
}

export function startBackup(
  self: Self,
  order: BackupOrder,
  onProgress: (said: Progress) => void,
  signal: AbortSignal,
): RunningBackup {
  let last: BackupEnd | null = null;
  const hear = (line: string): void => {
    const said = BackupSaid.parse(JSON.parse(line));
    if (said.event === 'progress') onProgress(said);
    else last = said;
  };
  const { pid, say, ended } = startChild(self, 'back-up', order, hear, signal);
  const end = ended.then(
    () => last ?? silent('it ended without a word'),
    (cause: unknown) => last ?? silent(reasonOf(cause)),
  );
  return { pid, say, end };
}

const silent = (why: string): BackupEnd => ({ event: 'failed', code: 'backup_failed', why });
