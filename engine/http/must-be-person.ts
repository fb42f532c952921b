import type { Who } from '../domain/account.ts';
import { Failure } from '../domain/failures.ts';

/** A stolen token must not make itself another one, let somebody in, or lock out whose it was. */
export function mustBePerson({ name, by }: Who): void {
  if (by === 'token') throw new Failure('needs_login', { account: name });
}

/** The same, for what is about the account of whoever asks: whoever reads the engine's own file has none. */
export function mustHaveAccount(who: Who): void {
  mustBePerson(who);
  if (who.by === 'file')
    throw new Failure('bad_request', { why: 'The owner of the engine has no account; log in as one first.' });
}
