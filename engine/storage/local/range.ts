import { S3Error } from './s3-error.ts';

export interface Range {
  readonly start: number;
  readonly length: number;
}

/** The bytes a Range header asks for; null for the whole object, which is also the answer to what we do not understand. */
export function rangeOf(header: string | undefined, sizeBytes: number): Range | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (!match || (from === '' && to === '')) return null;
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null;
  if (start >= sizeBytes || end < start) {
    throw new S3Error('InvalidRange', undefined, { 'content-range': `bytes */${sizeBytes}` });
  }
  return { start, length: end - start + 1 };
}
