import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { Service } from '../http/call.ts';

/** What the container wrote. The stream does not end: what is in it so far comes at once, and then we leave. */
export async function readLog(service: Service, path: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const enough = AbortSignal.timeout(LOG_MS);
  let text = '';
  try {
    const reply = await fetch(`${service.base}${path}?source=container&tail=500`, {
      headers: { accept: 'text/event-stream', ...(await service.headers(signal)) },
      signal: AbortSignal.any([signal, enough]),
    });
    if (!reply.ok || !reply.body) return '';
    for await (const part of reply.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.length > LOG_CHARS_MAX) break;
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (!enough.aborted)
      throw new Failure('marketplace_down', { marketplace: service.marketplace, why: 'its log broke off' }, { cause });
  }
  return containerLines(text);
}

const LOG_MS = 1_500;
const LOG_CHARS_MAX = 1_000_000;

const Event = z.object({ source: z.literal('container'), line: z.string() });

function containerLines(stream: string): string {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => Event.safeParse(jsonOf(line.slice('data:'.length))).data)
    .filter((event) => event !== undefined)
    .map(({ line }) => line)
    .join('\n');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // cut off where we stopped to read
  }
}
