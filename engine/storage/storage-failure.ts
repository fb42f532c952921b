import { S3ServiceException } from '@aws-sdk/client-s3';
import { Failure, reasonOf } from '../domain/failures.ts';

/** What the SDK throws, in our words. */
export function storageFailure(thrown: unknown, timedOut: boolean): Failure {
  if (thrown instanceof Failure) return thrown;
  if (timedOut) return new Failure('storage_down', { why: 'it did not answer in time' }, { cause: thrown });
  const status = statusOf(thrown);
  const why = thrown instanceof S3ServiceException ? `${thrown.name}: ${thrown.message}` : networkWords(thrown);
  if (status === 507) return new Failure('disk_full', { what: 'an object in storage', why }, { cause: thrown });
  const refused = status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;
  return new Failure(refused ? 'storage_refused' : 'storage_down', { why }, { cause: thrown });
}

/** There is no such object. A bucket that is missing is something else. */
export function isAbsent(thrown: unknown): boolean {
  return thrown instanceof S3ServiceException && (thrown.name === 'NoSuchKey' || thrown.name === 'NotFound');
}

/** A write that was to create found something there. */
export function isTaken(thrown: unknown): boolean {
  return statusOf(thrown) === 412;
}

function statusOf(thrown: unknown): number | null {
  return thrown instanceof S3ServiceException ? (thrown.$metadata.httpStatusCode ?? null) : null;
}

/** Node puts what happened into a code, and several addresses into several errors without a message. */
function networkWords(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(networkWords).join('; ');
  return reasonOf(thrown) || String((thrown as NodeJS.ErrnoException).code ?? thrown);
}
