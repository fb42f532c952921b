import type { AtRiskOrder } from '../domain/agent-protocol.ts';
import { badLinesOf } from './bad-lines.ts';
import { compareWalk } from './change/walk-memory.ts';
import { excludedOf } from './excluded.ts';
import { readMemory } from './life/memory.ts';
import { wallOf } from './life/moment.ts';
import { lowerPriority } from './lower-priority.ts';
import type { Place } from './place.ts';
import { repositoriesIn } from './repositories.ts';
import { scopeOf } from './scope.ts';
import type { Talk } from './talk.ts';
import { walk } from './walk.ts';

/** Looks what would be lost with this machine now. It takes no lock and changes nothing, and whoever works here goes first. */
export async function atRisk(order: AtRiskOrder, place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  lowerPriority(LOW_PRIORITY);
  const scope = scopeOf(place, order);
  const walked = await walk(place, scope, signal);
  const { added, changed, removed, bytes, newest } = compareWalk(place, walked);
  const { durableAt } = readMemory(place, order.workspace);
  const excluded = await excludedOf(place, scope, walked.left, signal);
  talk.say({
    event: 'at_risk',
    files: walked.atRisk.slice(0, FILES_SAID),
    excluded,
    repositories: await repositoriesIn(place, walked.entries, signal),
    pending: { files: added + changed + removed, bytes, newest: [...newest] },
    durableAt: durableAt && wallOf(durableAt),
    badLines: badLinesOf(scope),
  });
}

const LOW_PRIORITY = 15;
const FILES_SAID = 1_000;
