import { StringDecoder } from 'node:string_decoder';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../domain/failures.ts';
import type { Output } from '../domain/ports.ts';
import { lineReader, tail, whole } from './output.ts';

/** A program that runs on a machine. */
export interface Program {
  readonly channel: ClientChannel;
  readonly closed: Promise<void>;
  /** Its number there; null when it ended before that was said. */
  readonly pid: Promise<number | null>;
}

export type OnLine = (line: string, say: (line: string) => void) => void;

interface Outcome {
  resolve(output: Output): void;
  reject(cause: unknown): void;
  /** Nobody listens any more. */
  readonly over: AbortSignal;
}

/** Reads what a program says until its channel closes. */
export function follow(channel: ClientChannel, words: string, outcome: Outcome, onLine?: OnLine): Program {
  const closed = Promise.withResolvers<void>();
  const pid = Promise.withResolvers<number | null>();
  const decoder = new StringDecoder('utf8');
  const stdout = onLine ? tail() : whole(words);
  const stderr = withoutMark(pid.resolve);
  const say = (line: string): void => {
    if (channel.writable) channel.write(`${line}\n`);
  };
  const lines = onLine ? lineReader(words, (line) => outcome.over.aborted || onLine(line, say)) : null;
  let exit: { readonly code: number | null; readonly name: string | undefined } | null = null;

  const guard = (work: () => void): void => {
    if (outcome.over.aborted) return;
    try {
      work();
    } catch (cause) {
      outcome.reject(cause);
    }
  };
  channel.on('data', (chunk: Buffer) =>
    guard(() => {
      stdout.add(chunk);
      lines?.add(decoder.write(chunk));
    }),
  );
  channel.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  channel.on('exit', (code: number | null, name?: string) => {
    exit = { code, name };
  });
  channel.on('error', () => undefined); // a write to a program that has closed its input
  channel.on('close', () => {
    closed.resolve();
    pid.resolve(null);
    guard(() => {
      lines?.end(decoder.end());
      if (!exit) throw new Failure('ssh_lost', { why: `"${words}" was cut off before it said how it ended` });
      outcome.resolve({ code: exit.code ?? codeOf(exit.name), stdout: stdout.text(), stderr: stderr.text() });
    });
  });
  return { channel, closed: closed.promise, pid: pid.promise };
}

/** Collects standard error and takes the program's number out of it. Start-up files may print before that. */
function withoutMark(onPid: (pid: number) => void): ReturnType<typeof tail> {
  const rest = tail();
  let early: string | null = '';
  return {
    add(chunk) {
      if (early === null) return rest.add(chunk);
      early += chunk.toString('latin1');
      const mark = /dumont-process:(\d+)\n/.exec(early);
      if (!mark && early.length < MARK_WITHIN) return;
      if (mark) onPid(Number(mark[1]));
      rest.add(Buffer.from(mark ? early.replace(mark[0], '') : early, 'latin1'));
      early = null;
    },
    text: () => (early === null ? rest.text() : Buffer.from(early, 'latin1').toString('utf8')),
  };
}

const MARK_WITHIN = 16 * 1024;

/** A program ended by a signal has the code that a shell would show. */
function codeOf(name = ''): number {
  return 128 + (SIGNALS[name.replace(/^SIG/, '')] ?? 0);
}

const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  SEGV: 11,
  PIPE: 13,
  TERM: 15,
};
