import { randomBytes } from 'node:crypto';
import { FAILURES, Failure, reasonOf } from '../domain/failures.ts';
import type { Log } from '../domain/ports.ts';
import { snaked } from './json/wire.ts';

/** A problem document as RFC 9457 has it, with our own fields after the standard ones. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** The same call can succeed later. */
  readonly retry: boolean;
  /** Also in the log, beside what is not told to the outside. */
  readonly reference: string;
}

/** What was thrown, as the outside may see it. The words of an unexpected error stay in the log: they may name anything. */
export function problemOf(thrown: unknown, method: string, path: string, log: Log): Problem {
  const reference = randomBytes(8).toString('hex');
  const failure =
    thrown instanceof Failure
      ? thrown
      : new Failure('internal', { why: `see the engine's log at reference ${reference}.` }, { cause: thrown });
  const { http, retry } = FAILURES[failure.code];
  const unexpected = thrown === failure ? {} : { stack: thrown instanceof Error ? thrown.stack : String(thrown) };
  log(
    'http.failed',
    { reference, method, path, status: http, code: failure.code, why: reasonOf(thrown), ...unexpected },
    http >= 500 ? 'ERROR' : 'INFO',
  );
  return {
    type: `urn:dumont:problem:${failure.code}`,
    title: titleOf(failure.code),
    status: http,
    detail: failure.message,
    code: failure.code,
    facts: snaked(failure.facts),
    retry,
    reference,
  };
}

export function problemResponse(problem: Problem): Response {
  const headers = new Headers({ 'Content-Type': 'application/problem+json' });
  if (problem.status === 401) headers.set('WWW-Authenticate', 'Bearer');
  const { seconds } = problem.facts;
  if (problem.status === 429 && typeof seconds === 'number') headers.set('Retry-After', String(seconds));
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
