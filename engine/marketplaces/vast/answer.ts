import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { Reply } from './send.ts';

/** What vast said. Errors come as JSON with `error`, `msg` or `message`, with or without `success`, or as plain text. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
  /** Its code for an error; empty where it gave none. */
  readonly error: string;
  /** Its sentence. */
  readonly words: string;
}

const Said = z.object({
  success: z.boolean().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  msg: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
});

export function readAnswer({ status, text }: Reply): Answer {
  const json = parsed(text);
  const { success, error = '', msg, message, detail } = Said.safeParse(json).data ?? {};
  const words = msg ?? message ?? detail ?? (error || text.trim().slice(0, 200) || `HTTP ${status}`);
  return { status, ok: status >= 200 && status < 300 && success !== false && json !== undefined, json, error, words };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isTooEarly = ({ status, error }: Answer): boolean => status === 429 || error === 'rate_limit_exceeded';

/** An unknown key is answered with 404 like a thing that is not there; only its words tell them apart. One may lack a right. */
export const isBadKey = ({ status, error, words }: Answer): boolean =>
  status === 401 ||
  error === 'auth_error' ||
  (status === 403 && error === 'not_authorized') ||
  (status === 404 && /invalid user key/i.test(words));

/** An answer that is not a good one, in our words. */
export function asFailure(answer: Answer): Failure {
  const { status, words } = answer;
  if (isBadKey(answer)) return new Failure('marketplace_key', { ...VAST, setting: 'DUMONT_VAST_KEY', why: words });
  if (isNoCredit(answer)) return new Failure('no_credit', VAST);
  if (isTooEarly(answer)) return new Failure('marketplace_busy', { ...VAST, why: `asked too often: ${words}` });
  if (status === 400 || status === 403 || status === 404 || status === 410 || status === 422)
    return new Failure('marketplace_refused', { ...VAST, why: words });
  return new Failure('marketplace_down', { ...VAST, why: `HTTP ${status}: ${words}` });
}

export const isNoCredit = ({ error, words }: Answer): boolean =>
  error === 'insufficient_credit' || error === 'missing_billing' || /lacks credit|insufficient credit/i.test(words);

/** Reads what a good answer holds; what cannot be read is no answer. */
export function reading<T extends z.ZodType>(shape: T, json: unknown, what: string): z.output<T> {
  const read = shape.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'unreadable';
  throw new Failure('marketplace_down', { ...VAST, why: `${what} cannot be read (${where})` });
}

export const VAST = { marketplace: 'vast' } as const;
