import { type Failure, isFailure } from '../../domain/failures.ts';
import type { Clock } from '../../domain/ports.ts';
import { together } from '../http/together.ts';
import { type Answer, asFailure, isBadKey } from './answer.ts';
import type { Ask } from './ask.ts';

/**
 * Ends machines. The next call may follow three seconds after the last one, so all that wait for their turn go in one call for
 * many. What a call for many did to each of them it does not say: whoever comes a second time goes alone, and where vast
 * does not understand such a call, everybody does for an hour.
 */
export function destroyer(ask: Ask, clock: Clock): (instance: string, signal: AbortSignal) => Promise<void> {
  const waiting = new Set<{ readonly instance: string }>();
  const wentTogether = new Set<string>();
  let aloneUntil = Number.NEGATIVE_INFINITY;

  /** Of those that wait, who goes in the next call. */
  function leaving(): readonly string[] {
    const all = [...new Set([...waiting].map(({ instance }) => instance))];
    const alone = all.find((instance) => wentTogether.has(instance));
    return alone === undefined ? all.slice(0, clock.now() >= aloneUntil ? TOGETHER_MAX : 1) : [alone];
  }

  const turn = together(async (depart, signal) => {
    let gone: readonly string[] = [];
    const asked = {
      route: 'destroy',
      method: 'DELETE',
      again: true,
      async depart() {
        depart();
        gone = leaving();
        for (const one of waiting) if (gone.includes(one.instance)) waiting.delete(one);
      },
      get path() {
        return gone.length > 1 ? '/api/v0/instances/' : `/api/v0/instances/${gone[0]}/`;
      },
      get body() {
        return gone.length > 1 ? { instance_ids: gone.map(Number) } : {};
      },
    } as const;
    const answer = await ask(asked, signal).catch((cause: unknown) => {
      if (signal.aborted || !isFailure(cause)) throw cause;
      return cause;
    });
    const together = gone.length > 1;
    if (together && !isFailure(answer) && isNotUnderstood(answer)) {
      aloneUntil = clock.now() + ALONE_MS;
      return NOBODY;
    }
    for (const instance of gone) wentTogether[together ? 'add' : 'delete'](instance);
    const outcome = isFailure(answer) ? answer : isGone(answer) ? null : asFailure(answer);
    return new Map(gone.map((instance) => [instance, outcome]));
  });

  return async (instance, signal) => {
    for (;;) {
      const mine = { instance };
      waiting.add(mine);
      const outcome = (await turn(signal).finally(() => waiting.delete(mine))).get(instance);
      if (outcome) throw outcome;
      if (outcome === null) return;
    }
  };
}

const NOBODY: ReadonlyMap<string, Failure | null> = new Map();
const TOGETHER_MAX = 64;
/** One odd answer is not the end of it: fourteen losers one by one take 42 s. */
const ALONE_MS = 3_600_000;

/** What is not there is gone as far as one call can tell; a key that is not known is answered the same way. */
const isGone = (answer: Answer): boolean => answer.ok || (answer.status === 404 && !isBadKey(answer));

const isNotUnderstood = (answer: Answer): boolean =>
  !answer.ok && [400, 404, 405, 410, 422, 501].includes(answer.status) && !isBadKey(answer);
