import { Failure, reasonOf } from '../domain/failures.ts';
import type { Command, Output } from '../domain/ports.ts';
import { type Connection, openChannel } from './connection.ts';
import { follow, type OnLine, type Program } from './program.ts';
import { quote, wordsOf } from './quote.ts';
import { stopProgram } from './stop-program.ts';

/**
 * Runs one program to its end, or until its deadline, an abort or the loss of the connection, whichever comes first.
 * When we are the ones who give up, it is ended on the machine too; the connection does not close before that.
 */
export async function runCommand(
  connection: Connection,
  command: Command,
  signal: AbortSignal,
  onLine?: OnLine,
): Promise<Output> {
  signal.throwIfAborted();
  connection.lost.throwIfAborted();
  const words = wordsOf(command.argv);
  const { promise, resolve, reject } = Promise.withResolvers<Output>();
  const late = new Failure('command_timed_out', { command: words, seconds: command.timeoutMs / 1000 });
  const deadline = setTimeout(() => reject(late), command.timeoutMs);
  const givenUp = AbortSignal.any([signal, connection.lost]);
  const giveUp = (): void => reject(givenUp.reason);
  givenUp.addEventListener('abort', giveUp, { once: true });

  const over = new AbortController();
  const starting = start(connection, command, words, { resolve, reject, over: over.signal }, onLine);
  starting.catch((cause) => reject(new Failure('ssh_lost', { why: reasonOf(cause) }, { cause })));
  try {
    return await promise;
  } catch (cause) {
    connection.tidy(stopProgram(connection, starting));
    throw cause;
  } finally {
    over.abort();
    clearTimeout(deadline);
    givenUp.removeEventListener('abort', giveUp);
  }
}

async function start(
  connection: Connection,
  command: Command,
  words: string,
  outcome: Parameters<typeof follow>[2],
  onLine?: OnLine,
): Promise<Program> {
  return await openChannel(connection, lineFor(command), (channel) => {
    const program = follow(channel, words, outcome, onLine);
    if (command.stdin !== undefined) channel.write(command.stdin);
    if (!command.converse) channel.end();
    return program;
  });
}

/** The program takes the place of the shell that starts it, so the number said first is its own and its group's. */
function lineFor(command: Command): string {
  return `echo "dumont-process:$$" >&2; exec ${quote(command.argv)}`;
}
