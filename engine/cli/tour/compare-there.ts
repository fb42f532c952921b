import { Failure } from '../../domain/failures.ts';
import { plural } from '../words.ts';
import { type Comparison, compareFiles } from './compare-files.ts';
import { listThere, type OnMachine, onMachine } from './on-machine.ts';
import { type OnTour, ROOT, TOURED } from './on-tour.ts';
import type { Work } from './work-there.ts';

/** Reads every file on the woken machine and compares it with the originals on this computer. */
export async function compareThere({ entries, commit }: Work, { engine, tell, signal }: OnTour): Promise<Comparison> {
  const machine = await onMachine(engine, TOURED, signal);
  const compared = compareFiles(entries, await listThere(machine, ROOT));
  if (compared.differing.length > 0) throw differs(compared.differing);
  if (commit !== null) await demandCommit(commit, machine);
  tell.done(`${plural(compared.files, 'file')} read on it and compared with the originals: identical, byte by byte`);
  return compared;
}

const SHOWN = 10;

function differs(differing: readonly string[]): Failure {
  const more = differing.length > SHOWN ? [`and ${differing.length - SHOWN} more`] : [];
  return new Failure('restore_differs', { why: [...differing.slice(0, SHOWN), ...more].join('; ') });
}

/** Not only the files of the repository: git itself finds the commit and everything that it names. */
async function demandCommit(commit: string, machine: OnMachine): Promise<void> {
  const found = await machine.run(`git -C ${ROOT}/project rev-parse HEAD && git -C ${ROOT}/project fsck --strict`, '');
  if (found.split('\n')[0] !== commit) throw differs([`the commit ${commit} is ${found.trim()}`]);
}
