import type { Stored } from './bucket.ts';
import { type Asked, header } from './request.ts';
import { S3Error } from './s3-error.ts';

/** The four questions HTTP lets a client put before it reads or writes. */
export interface Conditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

/** Read from the plain headers, or from those of a copy that name its source or its destination. */
export function conditionsOf(asked: Asked, prefix = ''): Conditions {
  return {
    ifMatch: header(asked, `${prefix}if-match`),
    ifNoneMatch: header(asked, `${prefix}if-none-match`),
    ifModifiedSince: header(asked, `${prefix}if-modified-since`),
    ifUnmodifiedSince: header(asked, `${prefix}if-unmodified-since`),
  };
}

/** Refuses a write, or a copy from this source, when a condition does not hold. */
export function demand(conditions: Conditions, current: Stored | undefined): void {
  if (fails(conditions, current) !== null) throw new S3Error('PreconditionFailed');
}

/** For reads: go on, or answer that nothing changed. */
export function readable(conditions: Conditions, current: Stored): 'whole' | 'not-modified' {
  const failed = fails(conditions, current);
  if (failed === null) return 'whole';
  if (failed === 'ifNoneMatch' || failed === 'ifModifiedSince') return 'not-modified';
  throw new S3Error('PreconditionFailed');
}

/** The first condition that fails. Entity tags go before dates, which are only asked where no tag was given. */
function fails(conditions: Conditions, current: Stored | undefined): keyof Conditions | null {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!current || !matches(ifMatch, current.etag)) return 'ifMatch';
  } else if (ifUnmodifiedSince !== undefined && current && seconds(current.createdAt) > dateOf(ifUnmodifiedSince)) {
    return 'ifUnmodifiedSince';
  }
  if (ifNoneMatch !== undefined) {
    if (current && matches(ifNoneMatch, current.etag)) return 'ifNoneMatch';
  } else if (ifModifiedSince !== undefined && current && seconds(current.createdAt) <= dateOf(ifModifiedSince)) {
    return 'ifModifiedSince';
  }
  return null;
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const tag = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag === etag;
  });
}

/** Dates in headers have no smaller unit. */
function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function dateOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new S3Error('InvalidArgument', 'A date in a condition could not be read.');
  return seconds(ms);
}
