import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, isFailure } from '../domain/failures.ts';
import { rawPath, wirePath } from '../domain/wire-path.ts';
import { backup, unlock } from '../restic/commands.ts';
import { patternFile, patternsFor } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';
import type { Job } from './back-up.ts';
import type { Comparison } from './parent.ts';
import { rememberTaken } from './taken-here.ts';
import type { Walked } from './walk.ts';

/** Has restic save exactly what was walked. */
export async function runBackup(
  { place, order, tool, talk }: Job,
  walked: Walked,
  targets: readonly string[],
  comparison: Comparison,
  signal: AbortSignal,
): Promise<{ snapshot: string; parent: string | null; files: number }> {
  if (targets.length === 0) throw new Failure('backup_failed', { why: 'none of the backed-up directories exists' });
  const excludeFile = join(place.home, 'tmp', 'exclude');
  const kept = walked.entries.map((entry) => entry.path);
  const base = rawPath(place.root).replace(/\/$/, '');
  writeFileSync(excludeFile, patternFile(patternsFor(walked.left, kept, base)), { mode: 0o600 });
  const filesFrom = walked.elsewhere.length === 0 ? null : join(place.home, 'tmp', 'elsewhere');
  if (filesFrom) writeFileSync(filesFrom, walked.elsewhere.map((path) => `${path}\0`).join(''), RAW);
  const files = walked.entries.filter((entry) => entry.type === 'file');
  const totals = { bytesTotal: files.reduce((sum, entry) => sum + entry.size, 0), filesTotal: files.length };
  const saved: { snapshot: string; files: number }[] = [];
  const hear = (line: string): void => {
    const said = readLine(line);
    if (said?.message_type === 'status')
      talk.say({ event: 'progress', bytesDone: said.bytes_done, filesDone: said.files_done, ...totals });
    if (said?.message_type === 'summary' && said.snapshot_id)
      saved.push({ snapshot: said.snapshot_id, files: said.total_files_processed });
  };
  const attempt = async ({ parent, ignoreInode }: Comparison): Promise<string | null> => {
    const args = backup({
      ...order.repository,
      host: order.workspace,
      parent,
      ignoreInode,
      time: order.time,
      tags: order.tags,
      excludeFile,
      targets: targets.map(wirePath),
      filesFrom,
    });
    await tool.run(args, 'backup_failed', hear, signal);
    return parent;
  };
  const parent = await attempt(comparison).catch(async (cause: unknown) => {
    if (isFailure(cause, 'repository_locked')) {
      // Left by one that was killed, on this machine or long ago; a lock of one that may live stays, and it fails again.
      await tool.run(unlock(order.repository), 'backup_failed', () => undefined, signal);
      return await attempt(comparison);
    }
    // A parent that was forgotten meanwhile: everything is read once more, and nothing is lost by it.
    const forgotten = isFailure(cause, 'backup_failed') && FORGOTTEN.test(cause.message);
    if (comparison.parent === null || !forgotten) throw cause;
    return await attempt({ parent: null, ignoreInode: false });
  });
  const done = saved.at(-1);
  if (!done) throw new Failure('backup_failed', { why: 'restic named no snapshot' });
  rememberTaken(place, done.snapshot);
  return { ...done, parent };
}

const FORGOTTEN = /failed to load snapshot .*(no such file|does not exist)/i;
const RAW = { encoding: 'latin1', mode: 0o600 } as const;
