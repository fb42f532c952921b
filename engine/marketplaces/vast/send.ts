import { Failure, reasonOf } from '../../domain/failures.ts';

/** One request as it goes over the wire. */
export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Rejects with `Failure('marketplace_down')` when no answer came: the request may have arrived all the same. */
export type Send = (request: Request, signal: AbortSignal) => Promise<Reply>;

export const sendByFetch: Send = async ({ method, url, headers, body }, signal) => {
  signal.throwIfAborted();
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const reply = await fetch(url, { method, headers, body, signal: limited, redirect: 'error' });
    return { status: reply.status, text: await reply.text() };
  } catch (cause) {
    signal.throwIfAborted();
    const inner = cause instanceof Error && cause.cause ? cause.cause : cause;
    throw noAnswer(reasonOf(inner), cause);
  }
};

export function noAnswer(why: string, cause?: unknown): Failure {
  return new Failure('marketplace_down', { marketplace: 'vast', why }, { cause });
}

const ANSWER_MS = 30_000;
