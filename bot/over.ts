import type { Talk } from '../engine/domain/events.ts';
import type { Warned } from './panels/noted.ts';

type Event = Talk['event'];
const OF_A_MACHINE: ReadonlySet<Event> = new Set(['release.slow', 'save.failed', 'work.at_risk', 'after_wake.trouble']);
const OF_A_SAVE: ReadonlySet<Event> = new Set(['save.failed', 'work.at_risk']);
const OF_A_WORKSPACE: ReadonlySet<Event> = new Set(['race.ended', 'machine.lost']);

/** Whether what was told is over with what was told after it. */
export function isOver(told: Talk, next: Talk): boolean {
  if (told.workspace !== next.workspace) return false;
  const sameMachine = 'machine' in told && 'machine' in next && told.machine === next.machine;
  if (told.event === 'machine.idle_warning') return endOf(next) !== null && (sameMachine || !('machine' in next));
  switch (next.event) {
    case 'machine.moved':
      return next.to === 'gone' && sameMachine && OF_A_MACHINE.has(told.event);
    case 'snapshot.proved':
      return sameMachine && OF_A_SAVE.has(told.event);
    case 'workspace.usable':
      return OF_A_WORKSPACE.has(told.event);
    case 'alert.resolved':
      return told.event === 'alert.raised' && told.kind === next.kind && told.alert === next.alert;
    default:
      return false;
  }
}

/** In which words an alert is over. */
export function sayOf(talk: Talk): string {
  if (talk.event === 'snapshot.proved') return talk.snapshot.slice(0, 8);
  return talk.event !== 'workspace.usable' && 'why' in talk ? (talk.why ?? '') : '';
}

/** How a warning ends; null where this ends none. */
export function endOf(talk: Talk): Warned['ended'] {
  switch (talk.event) {
    case 'machine.stays_awake':
      return { how: 'stays', say: talk.why };
    case 'workspace.kept':
      return { how: 'kept', say: talk.by };
    case 'machine.moved':
      if (talk.to === 'saving') return { how: 'sleeps', say: talk.why };
      return talk.to === 'releasing' || talk.to === 'gone' ? { how: 'gone', say: talk.why } : null;
    case 'machine.lost':
      return { how: 'gone', say: talk.why };
    default:
      return null;
  }
}
