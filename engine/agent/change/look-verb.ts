import { once } from 'node:events';
import * as z from 'zod';
import { wirePath } from '../../domain/wire-path.ts';
import { lowerPriority } from '../lower-priority.ts';
import type { Place } from '../place.ts';
import { scopeOf } from '../scope.ts';
import type { Talk } from '../talk.ts';
import { walk } from '../walk.ts';
import { compareWalk, type Difference } from './walk-memory.ts';

export const LookOrder = z.object({
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  fileBytesMax: z.number(),
  /** More directories than these are not told. */
  foldersMax: z.number().int(),
});
export type LookOrder = z.infer<typeof LookOrder>;

/** The child that walks for the agent that lives on the machine, so that its memory goes back to the machine afterwards. */
export async function look(place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  lowerPriority(LOW_PRIORITY);
  const order = LookOrder.parse(JSON.parse((await talk.next(signal)) ?? ''));
  const scope = scopeOf(place, order);
  const walked = await walk(place, scope, signal);
  const folders = walked.entries.filter(({ type, path }) => type === 'dir' && isInside(scope.roots, path));
  const found: Difference = {
    ...compareWalk(place, walked),
    folders: folders.length > order.foldersMax ? null : folders.map(({ path }) => wirePath(path)),
  };
  if (!process.stdout.write(`${JSON.stringify(found)}\n`)) await once(process.stdout, 'drain', { signal });
}

/** Not those above files elsewhere, in which the system writes all the time. */
const isInside = (roots: readonly string[], path: string): boolean =>
  roots.some((root) => path === root || path.startsWith(`${root}/`));

const LOW_PRIORITY = 15;
