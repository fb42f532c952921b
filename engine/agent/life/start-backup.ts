import type { ImageWritten } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import type { Self } from '../restore.ts';
import { type BackupOrder, BackupSaid, type BackupTold } from './backup-talk.ts';
import { type Child, startChild } from './child.ts';

export type Progress = Extract<BackupSaid, { event: 'progress' }>;
export type BackupEnd = Exclude<BackupSaid, Progress | ImageWritten>;

/** One backup, in a process of its own. */
export interface RunningBackup extends Pick<Child, 'pid'> {
  say(told: BackupTold): void;
  /** How it ended: it is in storage, or its process is gone. Never rejects. */
  readonly end: Promise<BackupEnd>;
  /** With the image of it, if there is to be one. */
  readonly gone: Promise<void>;
}

export function startBackup(
  self: Self,
  order: BackupOrder,
  onProgress: (said: Progress) => void,
  onImage: (said: ImageWritten) => void,
  signal: AbortSignal,
): RunningBackup {
  let last: BackupEnd | null = null;
  const taken = Promise.withResolvers<BackupEnd>();
  const hear = (line: string): void => {
    const said = BackupSaid.parse(JSON.parse(line));
    if (said.event === 'progress') onProgress(said);
    else if (said.event === 'image_written') onImage(said);
    else last = said;
    if (said.event === 'taken') taken.resolve(said);
  };
  const { pid, say, ended } = startChild(self, 'back-up', order, hear, signal);
  const over = ended.then(
    () => last ?? silent('it ended without a word'),
    (cause: unknown) => last ?? silent(reasonOf(cause)),
  );
  return { pid, say, end: Promise.race([taken.promise, over]), gone: over.then(() => undefined) };
}

const silent = (why: string): BackupEnd => ({ event: 'failed', code: 'backup_failed', why });
