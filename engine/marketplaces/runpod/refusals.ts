import { Failure } from '../../domain/failures.ts';
import type { Answer } from '../http/call.ts';
import { Problem } from './shapes.ts';

/**
 * An answer below 500 says that nothing was done, and this is why; above it nobody knows. Too little stock has no code of
 * its own, and neither has a limit on spending: their sentences are those that people met.
 */
export function refusalOf(answer: Answer, offer = ''): Failure {
  const marketplace = 'runpod';
  const why = wordsOf(answer);
  if (answer.status >= 500) return new Failure('marketplace_down', { marketplace, why: `${answer.status}: ${why}` });
  // A create is refused with 403 also where one pool is not for this account.
  if (answer.status === 401 || (answer.status === 403 && offer === ''))
    return new Failure('marketplace_key', { marketplace, setting: 'DUMONT_RUNPOD_KEY', why });
  if (isTooEarly(answer)) {
    const again = `too many requests at once; again in ${restMs(answer) / 1_000} s`;
    return new Failure('marketplace_busy', { marketplace, why: again });
  }
  if (SPEND.test(why)) return new Failure('spend_limit', { marketplace, why });
  if (answer.status === 402) return new Failure('no_credit', { marketplace, why });
  if (answer.status === 400 && HOST_FULL.test(why)) return new Failure('gpu_taken', { marketplace, why });
  if (answer.status === 400 && FULL.test(why)) return new Failure('offer_taken', { offer, why });
  return new Failure('marketplace_refused', { marketplace, why });
}

const SPEND = /spend(ing)? limit|limited to a spend/i;
const HOST_FULL = /not enough free gpus/i;
const FULL = /no (longer any )?instances|does not have the resources|could not find any pods/i;

/** Errors are RFC 9457, and say what matters in their words. */
function wordsOf(answer: Answer): string {
  const { detail, title, errors } = Problem.safeParse(answer.json).data ?? {};
  const words = [detail ?? title ?? answer.text, ...(errors ?? [])].join('; ');
  return words.replace(/\s+/g, ' ').trim().slice(0, WORDS_MAX) || `HTTP ${answer.status}`;
}

const WORDS_MAX = 300;

/** It says nothing of what was asked for, and nothing was done. */
export const isTooEarly = ({ status }: Answer): boolean => status === 429;

/** For how long it wants to hear nothing. */
export function restMs(answer: Answer): number {
  const seconds = Number(answer.headers.get('retry-after'));
  return seconds > 0 ? seconds * 1_000 : 10_000;
}
