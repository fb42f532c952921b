import type { Lifeline } from './lifeline.ts';
import { upMs } from './moment.ts';
import { type Inheritance, willOf } from './succession.ts';

/**
 * Leaves what we were told to whoever keeps us alive. A shell reads slowly, so it is told at once only what the next one
 * cannot do without, and everything else now and then.
 */
export function willLeaver(lifeline: Lifeline): (will: Inheritance) => void {
  let told = '';
  let at = 0;
  return (will) => {
    const { heartbeat, epoch, answer } = will.order;
    const needed = JSON.stringify([heartbeat, epoch, answer.plan, answer.repository?.credentials.expiresAt]);
    if (needed === told && upMs() - at < EVERY_MS) return;
    told = needed;
    at = upMs();
    lifeline.tell(willOf(will));
  };
}

const EVERY_MS = 60_000;
