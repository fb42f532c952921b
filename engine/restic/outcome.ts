import type { FailureCode } from '../domain/failures.ts';

/** How restic ended, as one of our failures; null when it did what was asked. */
export type ResticFailure = Extract<
  FailureCode,
  | 'backup_failed'
  | 'restore_failed'
  | 'wrong_password'
  | 'no_repository'
  | 'repository_locked'
  | 'storage_down'
  | 'storage_refused'
  | 'machine_disk_full'
>;

/** A backup that ends with this has a snapshot, but some files could not be read. */
export const PARTIAL = 3;

/**
 * The exit code decides where restic has one for it; only the rest is read from its words. A code that we do not know is
 * a failure.
 */
export function outcomeOf(
  code: number | null,
  words: string,
  otherwise: 'backup_failed' | 'restore_failed' | 'storage_down',
): ResticFailure | null {
  if (code === 0) return null;
  if (code === 10) return 'no_repository';
  if (code === 11) return 'repository_locked';
  if (code === 12) return 'wrong_password';
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? otherwise;
}

/** A question without an answer's body, as restic's first one is, says of a token that it does not take only "400 Bad Request". */
const WORDS: readonly (readonly [RegExp, ResticFailure])[] = [
  [/no space left on device|disk quota exceeded/i, 'machine_disk_full'],
  [
    /AccessDenied|Access Denied|SignatureDoesNotMatch|InvalidAccessKeyId|InvalidToken|ExpiredToken|token has expired|RequestTimeTooSkewed|40[03] (?:Bad Request|Forbidden)|no credentials found|ObjectLocked/i,
    'storage_refused',
  ],
  [
    /connection refused|connection reset|no such host|dial tcp|i\/o timeout|network is unreachable|TLS handshake|unexpected EOF|\b50[0234]\b|SlowDown|TooManyRequests|\b429\b|context deadline exceeded|server misbehaving/i,
    'storage_down',
  ],
];

/** restic tells of storage that does not answer while it tries again, for up to 15 min. */
export function isRetrying(line: string): boolean {
  return / returned error, retrying after /.test(line);
}

export function hasRecovered(line: string): boolean {
  return / operation successful after \d+ retries/.test(line);
}

/** What went wrong, of all that restic printed: behind it come hints, addresses, and what to type, which nobody here can. */
export function whyOf(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '' && !HINT.test(line));
  return lines.findLast((line) => /^Fatal: /.test(line)) ?? lines.at(-1) ?? 'restic said nothing';
}

const HINT =
  /^(lock was created|storage ID|the `unlock` command) |^Is there a repository at the following location|^(s3|rest|local):\S*$/;
