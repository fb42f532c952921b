import type { Machine } from '../domain/lifecycle.ts';
import type { Workspace } from '../domain/workspace.ts';

/**
 * Why nothing may be taken out of its repository right now; null when it may. Restores and proofs read without a lock, and a
 * last save does not wait for one: so that is only while nobody restores, saves or may soon, or while a machine is at work
 * that has all of its files.
 */
export function restlessness(
  workspace: Pick<Workspace, 'wish' | 'claim' | 'asks' | 'fetches' | 'destroying'>,
  machines: readonly Machine[],
): string | null {
  if (workspace.destroying) return 'it is being removed';
  const alive = machines.filter(({ state }) => state !== 'gone' && state !== 'releasing');
  const busy = alive.find(
    ({ state }) => state === 'restoring' || state === 'saving' || state === 'stranded' || state === 'lost',
  );
  if (busy) return `machine ${busy.id} is ${busy.state}`;
  const running = alive.filter(({ state }) => state === 'running');
  if (workspace.wish.want === 'awake' && running.length === 0) return 'it is waking';
  if (workspace.wish.want !== 'awake' && running.length > 0) return 'it is falling asleep';
  if (workspace.asks.length > 0) return 'a snapshot of it is being taken';
  if (workspace.fetches.length > 0) return 'files of a snapshot are being brought back';
  const arriving = running.find(({ complete, saveAgainAt }) => !complete || saveAgainAt !== null);
  if (arriving)
    return arriving.complete ? `machine ${arriving.id} waits to be saved again` : 'its files are still arriving';
  const fenced = running.find(({ id }) => id !== workspace.claim?.machine);
  return fenced ? `machine ${fenced.id} is about to be saved` : null;
}
