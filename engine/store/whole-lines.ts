import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { isMissing } from './durable.ts';

/** Line by line, so that a long file does not have to fit into memory. Only \n ends a line: JSON may hold any other end. */
export async function* linesOf(
  path: string,
  { start = 0, end = Number.POSITIVE_INFINITY } = {},
): AsyncGenerator<string> {
  if (end <= start) return;
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', start, end: end - 1 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** How many bytes of a file of JSON lines are whole, without the torn end that a crash may leave; null when there is no file. */
export async function wholeLines(path: string): Promise<number | null> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    if (isMissing(cause)) return null;
    throw cause;
  });
  if (!handle) return null;
  await using file = handle;
  const { size } = await file.stat();
  for (let span = TAIL_BYTES; ; span *= 2) {
    const start = Math.max(0, size - span);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
    const tail = buffer.subarray(0, bytesRead);
    const end = tail.lastIndexOf(NEWLINE) + 1;
    const last = end < 2 ? 0 : tail.lastIndexOf(NEWLINE, end - 2) + 1;
    if (last === 0 && start > 0) continue; // the last line begins before what was read
    return start + (isJson(tail.toString('utf8', last, end)) ? end : last);
  }
}

const NEWLINE = 10;
const TAIL_BYTES = 64 * 1024;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
