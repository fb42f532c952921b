import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytes, duration, plural, timeOf } from '../words.ts';
import { type Entry, listFiles } from './list-files.ts';
import { makeFiles } from './make-files.ts';
import { onMachine, sendFiles } from './on-machine.ts';
import { MINUTE, type OnTour, ROOT, TOURED } from './on-tour.ts';
import { TOUR_HOME } from './own-engine.ts';
import { watch } from './watch.ts';

/** What was put there, as it is here. */
export interface Work {
  readonly entries: readonly Entry[];
  /** One that no remote has; null where this computer has no git. */
  readonly commit: string | null;
  readonly writtenAt: number;
}

/** Makes files here and puts them there over SSH, as people bring theirs. */
export async function workThere({ engine, tell, signal }: OnTour): Promise<Work> {
  const originals = join(TOUR_HOME, 'originals');
  await mkdir(originals);
  const { commit } = await makeFiles(originals, join(TOUR_HOME, 'remote.git'), signal);
  const entries: Entry[] = [];
  for await (const entry of listFiles(originals)) entries.push(entry);
  await sendFiles(await onMachine(engine, TOURED, signal), originals, ROOT, signal);
  const files = entries.filter(({ kind }) => kind === 'file');
  const size = bytes(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  tell.done(
    `${plural(files.length, 'file')}, ${size}, are there${commit === null ? '' : '; one commit was never pushed'}`,
  );
  return { entries, commit, writtenAt: Date.now() };
}

/** Until the agent has saved it all, with nobody having asked for that. */
export async function awaitBackup({ writtenAt }: Work, { following, tell }: OnTour): Promise<void> {
  const saved = await watch(
    TOURED,
    {
      what: 'the first backup of all files',
      ms: 2 * MINUTE,
      until: ({ pulse }) => timeOf(pulse?.backup.durable_at ?? 0) >= writtenAt,
    },
    following,
  );
  const { last_ms: ms } = saved.pulse?.backup ?? {};
  tell.done(
    `all of it is in storage ${duration(Date.now() - writtenAt)} after it was written` +
      `${ms == null ? '' : `; the backup itself took ${duration(ms)}`}`,
  );
}
