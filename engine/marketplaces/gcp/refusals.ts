import { Failure } from '../../domain/failures.ts';
import type { Answer } from '../http/call.ts';
import { type Operation, Refusal } from './shapes.ts';

/** Why a request was not taken. Above 500, and where the machine is there already, nobody knows what was done. */
export function refusalOf(answer: Answer, offer = ''): Failure {
  const marketplace = 'gcp';
  const { message, errors } = Refusal.safeParse(answer.json).data?.error ?? {
    message: answer.text.slice(0, 300),
    errors: [],
  };
  const why = message || `HTTP ${answer.status}`;
  const reasons = errors.map(({ reason }) => reason);
  if (answer.status >= 500 || answer.status === 409)
    return new Failure('marketplace_down', { marketplace, why: `${answer.status}: ${why}` });
  if (answer.status === 429 || reasons.some((reason) => LATER.has(reason)))
    return new Failure('marketplace_busy', { marketplace, why });
  if (answer.status === 401 || reasons.some((reason) => RIGHTS.has(reason)))
    return new Failure('marketplace_key', { marketplace, setting: 'DUMONT_GCP_KEY', why });
  if (STOCK.test(why)) return new Failure('offer_taken', { offer, why });
  if (reasons.includes('quotaExceeded')) return new Failure('spend_limit', { marketplace, why });
  return new Failure('marketplace_refused', { marketplace, why });
}

/** What became of something that was begun; null while nothing speaks against it. */
export function refusalIn(operation: Operation): Failure | null {
  const [error] = operation.error?.errors ?? [];
  if (!error) return null;
  const why = `${error.code}: ${error.message}`;
  if (STOCK.test(error.code)) return new Failure('offer_taken', { offer: '', why });
  if (error.code === 'RESOURCE_OPERATION_RATE_EXCEEDED')
    return new Failure('marketplace_busy', { marketplace: 'gcp', why });
  if (error.code === 'QUOTA_EXCEEDED') return new Failure('spend_limit', { marketplace: 'gcp', why });
  return new Failure('marketplace_refused', { marketplace: 'gcp', why });
}

/** Too many requests a minute or at once, or something else is still done with that machine: https://cloud.google.com/compute/api-quota */
const LATER: ReadonlySet<string> = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'resourceNotReady']);

/** Who the key stands for may not do this, or the project does not have Compute Engine switched on. */
const RIGHTS: ReadonlySet<string> = new Set(['forbidden', 'insufficientPermissions', 'accessNotConfigured']);

const STOCK = /ZONE_RESOURCE_POOL_EXHAUSTED/;
