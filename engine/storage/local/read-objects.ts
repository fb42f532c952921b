import { type FileHandle, open } from 'node:fs/promises';
import type { Bucket, Stored } from './bucket.ts';
import type { Bytes } from './bytes.ts';
import { describe } from './object-headers.ts';
import type { Call, Reply } from './operation.ts';
import { conditionsOf, readable } from './preconditions.ts';
import { rangeOf } from './range.ts';
import { header } from './request.ts';
import { S3Error } from './s3-error.ts';

export async function getObject(call: Call): Promise<Reply> {
  const { stored, file } = await openObject(call.bucket.objects, call.asked.key);
  try {
    const reply = replyFor(call, stored);
    if (reply.status === 304) {
      await file.close();
      return reply;
    }
    const { start, length } = reply;
    return { status: reply.status, headers: reply.headers, body: { file, start, length } };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

export async function headObject(call: Call): Promise<Reply> {
  const stored = call.bucket.objects.find(call.asked.key);
  if (!stored) throw new S3Error('NoSuchKey');
  return replyFor(call, stored);
}

/** Opens the version that is current. One that is replaced meanwhile stays readable for as long as it is open. */
export async function openObject(objects: Bucket, key: Bytes): Promise<{ stored: Stored; file: FileHandle }> {
  while (true) {
    const stored = objects.find(key);
    if (!stored) throw new S3Error('NoSuchKey');
    try {
      return { stored, file: await open(stored.file, 'r') };
    } catch (thrown) {
      // Replaced between the look and the opening: look again. Still the same one: its file is really missing.
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || objects.find(key) === stored) throw thrown;
    }
  }
}

function replyFor({ asked }: Call, stored: Stored): Reply & { start: number; length: number } {
  const headers: Record<string, string | number> = describe(stored, asked);
  if (readable(conditionsOf(asked), stored) === 'not-modified') return { status: 304, headers, start: 0, length: 0 };
  const range = rangeOf(header(asked, 'range'), stored.sizeBytes);
  if (range) {
    headers['content-range'] = `bytes ${range.start}-${range.start + range.length - 1}/${stored.sizeBytes}`;
    headers['content-length'] = range.length;
    return { status: 206, headers, ...range };
  }
  if (stored.checksum && header(asked, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    headers[`x-amz-checksum-${stored.checksum.name}`] = stored.checksum.value;
    headers['x-amz-checksum-type'] = stored.checksum.value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT';
  }
  headers['content-length'] = stored.sizeBytes;
  return { status: 200, headers, start: 0, length: stored.sizeBytes };
}
