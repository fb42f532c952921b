import { OWNER } from '../engine/domain/account.ts';
import type { Talk } from '../engine/domain/events.ts';
import { isFailure } from '../engine/domain/failures.ts';
import type { Store } from '../engine/domain/ports.ts';
import type { Reported } from './panels/noted.ts';
import type { Panels } from './panels/panels.ts';

interface Posting {
  readonly panels: Panels;
  readonly store: Store;
}

/** Once for each moment that it was due, however often that is told. */
export async function report(
  { report: id, due, ...about }: Omit<Extract<Talk, { event: 'report.due' }>, 'event' | 'zone'>,
  { panels, store }: Posting,
): Promise<void> {
  const { guild, channel, workspace, from, until, every, language, by } = about;
  const facts: Reported = { from, until, every, language, by, shutIn: null };
  const panel = { id: `${id}-${due.toString(36)}`, kind: 'report', guild, channel, workspace } as const;
  await panels.put({ ...panel, operation: null, user: null, facts: { ...facts } });
  if (await isOver(by, store)) await ended(id, store);
  else await taken(id, due, store);
}

/** Nobody is there any more whose eyes it could be seen with: its panel says so, and none comes after it. */
async function isOver(by: string, store: Store): Promise<boolean> {
  return by !== OWNER && (await store.read('accounts', by))?.endedAt !== null;
}

async function ended(id: string, store: Store): Promise<void> {
  const row = await store.read('reports', id);
  if (row) await store.remove('reports', row);
}

/** Those that were due while there was no bot, which may be longer than what was told is kept. */
export async function reportsLeft(parts: Posting): Promise<void> {
  for (const { id, waiting, ...rest } of await parts.store.list('reports'))
    for (const { due, from, until } of waiting) await report({ ...rest, report: id, due, from, until }, parts);
}

async function taken(id: string, due: number, store: Store): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const row = await store.read('reports', id);
    if (!row?.waiting.some((one) => one.due === due)) return;
    try {
      await store.save('reports', { ...row, waiting: row.waiting.filter((one) => one.due !== due) });
      return;
    } catch (cause) {
      if (!isFailure(cause, 'row_changed') || tries >= TRIES) throw cause;
    }
  }
}

const TRIES = 5;
