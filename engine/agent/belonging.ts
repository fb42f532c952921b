import { jobLeaders } from './jobs/job-files.ts';
import type { Place } from './place.ts';
import { mountsOf, type ProcessRow, programOf } from './process-table.ts';

/**
 * Which processes are this machine's. Where it has no file systems of its own, only the descendants of `within` and
 * of the jobs that we started. Where it does, those that see the same file systems as we do; and if the first process of all is one of them, then this is a whole
 * machine or container and everything on it belongs to it, containers that the user started included.
 */
export function membership(place: Place): (row: ProcessRow, above: readonly ProcessRow[]) => boolean {
  if (place.within !== null) {
    const jobs = jobLeaders(place); // a job is nobody's child when its agent has ended
    return (row, above) => jobs.has(row.pid) || above.some((one) => one.pid === place.within || jobs.has(one.pid));
  }
  const mine = mountsOf('self');
  if (place.root !== '/' || mine === null) return () => false;
  if (mountsOf(1) === mine) return () => true;
  return (row) => mountsOf(row.pid) === mine;
}

/** Programs that run from our own folder. */
export const isOurs = (place: Place, row: ProcessRow): boolean =>
  programOf(row.pid)?.startsWith(`${place.home}/`) ?? false;
