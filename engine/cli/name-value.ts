import { Failure } from '../domain/failures.ts';

/** What was given as `NAME=VALUE`, several times. */
export function fieldsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(given.map(fieldOf));
}

function fieldOf(given: string): [string, string] {
  const at = given.indexOf('=');
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)];
  throw new Failure('bad_request', { why: `"${given}" is not NAME=VALUE.` });
}
