import { Failure } from '../domain/failures.ts';

/** Collects what a program prints. */
export interface Collector {
  add(chunk: Buffer): void;
  text(): string;
}

/** Keeps everything; a program that prints more than we would ever read is an error, not a reason to run out of memory. */
export function whole(words: string): Collector {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      bytes += chunk.length;
      if (bytes > WHOLE_BYTES_MAX) throw tooMuch(words, WHOLE_BYTES_MAX);
      chunks.push(chunk);
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Keeps the end of it. */
export function tail(): Collector {
  let kept: Buffer[] = [];
  let bytes = 0;
  const trimmed = (): Buffer => Buffer.concat(kept).subarray(-TAIL_BYTES);
  return {
    add(chunk) {
      kept.push(chunk);
      bytes += chunk.length;
      if (bytes < 2 * TAIL_BYTES) return; // seldom enough that small pieces cost little
      kept = [trimmed()];
      bytes = TAIL_BYTES;
    },
    text: () => trimmed().toString('utf8'),
  };
}

export interface LineReader {
  add(text: string): void;
  /** What is left counts as a line too. */
  end(text: string): void;
}

/** Cuts text into lines as it comes. */
export function lineReader(words: string, onLine: (line: string) => void): LineReader {
  let open: string[] = [];
  let length = 0;
  const add = (text: string): void => {
    const [first = '', ...rest] = text.split('\n');
    open.push(first);
    length += first.length;
    if (length > LINE_MAX) throw tooMuch(words, LINE_MAX);
    for (const next of rest) {
      onLine(open.join(''));
      open = [next];
      length = next.length;
    }
  };
  return {
    add,
    end(text) {
      add(text);
      if (length > 0) onLine(open.join(''));
    },
  };
}

function tooMuch(words: string, max: number): Failure {
  return new Failure('command_failed', { command: words, code: 0, why: `it printed more than ${max} bytes` });
}

const WHOLE_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;
/** The agent's longest line lists the files at risk of a large workspace. */
const LINE_MAX = 16 * 1024 * 1024;
