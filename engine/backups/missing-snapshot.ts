import { Failure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/** What to say of a snapshot that is not there: that it was removed, when and by whom, or never was, where that is known. */
export async function whyMissing(
  { id: workspace, createdAt }: Workspace,
  prefix: string,
  { store, journals }: Pick<Ports, 'store' | 'journals'>,
): Promise<Failure> {
  const gone = (id: string, by: string, at: number, why: string): Failure =>
    new Failure('snapshot_gone', {
      snapshot: id.slice(0, 8),
      workspace,
      by,
      when: `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      why,
    });
  for (const { id, workspace: of, intent, outcome } of await store.list('operations'))
    if (of === workspace && id.startsWith(prefix) && intent && 'ask' in intent && outcome?.ok === false)
      return new Failure('snapshot_failed', { snapshot: id, workspace, why: outcome.say });
  const removed = new Map<string, Failure>();
  // What a person removed is in the audit, under the beginning of its id.
  for (const { verb, on, result, by, at, why } of await journals.read('audit', createdAt))
    if (verb === 'forget' && on === workspace && (prefix.startsWith(result) || result.startsWith(prefix)))
      removed.set(result, gone(result, by, at, why || 'asked for'));
  for (const { id, workspace: of, leaving } of await store.list('snapshots'))
    if (of === workspace && leaving && id.startsWith(prefix))
      removed.set(id.slice(0, 8), gone(id, leaving.by, leaving.at, leaving.why));
  const [only] = removed.values();
  return only && removed.size === 1 ? only : new Failure('no_such_snapshot', { snapshot: prefix, workspace });
}
