import { createInterface } from 'node:readline';
import { type AgentEvent, SaveReply } from '../domain/agent-protocol.ts';
import { Failure, reasonOf } from '../domain/failures.ts';

/** The conversation with the engine: orders and replies come on standard input, events go to standard output. */
export interface Talk<Said = AgentEvent> extends Disposable {
  say(event: Said): void;
  /** The next line; null when the engine hung up. */
  next(signal: AbortSignal): Promise<string | null>;
  /** Standard input has ended: no reply can come any more. */
  readonly hungUp: AbortSignal;
  /** Nobody reads what we say. */
  readonly deaf: AbortSignal;
}

export function talkOver<Said = AgentEvent>(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Talk<Said> {
  const hungUp = new AbortController();
  const deaf = new AbortController();
  const lines: string[] = [];
  let wake: (() => void) | null = null;
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', (line) => {
    if (line.trim() !== '') lines.push(line);
    wake?.();
  });
  reader.on('close', () => {
    hungUp.abort(new Error('the engine hung up'));
    wake?.();
  });
  const deafened = (cause: unknown): void => deaf.abort(cause);
  output.on('error', deafened);
  return {
    say: (event) => void output.write(`${JSON.stringify(event)}\n`),
    async next(signal) {
      while (lines.length === 0) {
        if (hungUp.signal.aborted) return null;
        signal.throwIfAborted();
        const { promise, resolve } = Promise.withResolvers<void>();
        const heard = (): void => resolve();
        wake = heard;
        signal.addEventListener('abort', heard, { once: true });
        await promise;
        signal.removeEventListener('abort', heard);
      }
      return lines.shift() ?? null;
    },
    hungUp: hungUp.signal,
    deaf: deaf.signal,
    [Symbol.dispose]() {
      reader.close();
    },
  };
}

export function replyFrom(line: string): SaveReply {
  try {
    return SaveReply.parse(JSON.parse(line));
  } catch (cause) {
    throw new Failure('bad_request', { why: `not a reply: ${reasonOf(cause)}` }, { cause });
  }
}
