import { atMost, type Connection, openChannel } from './connection.ts';
import type { Program } from './program.ts';

/**
 * Asks a program to end, then makes it end. Closing its channel alone does not reach a program that neither reads nor
 * writes, and servers that let root log in often ignore SSH's own signal request, so it is told by `kill`.
 */
export async function stopProgram(connection: Connection, starting: Promise<Program>): Promise<void> {
  const program = await atMost(STOP_MS, starting);
  if (!program || connection.lost.aborted) return;
  const closed = program.closed.then(() => true);
  const pid = await atMost(STOP_MS, program.pid);
  if (pid !== null) {
    for (const name of ['TERM', 'KILL']) {
      await kill(connection, pid, name);
      if (await atMost(STOP_MS, closed)) return;
    }
  }
  program.channel.close();
}

/** How long a program may take to end after each of the two signals. */
const STOP_MS = 1_500;

async function kill(connection: Connection, pid: number, name: string): Promise<void> {
  await openChannel(connection, `kill -s ${name} -- -${pid} 2>/dev/null || kill -s ${name} ${pid}`, (channel) => {
    channel.on('error', () => undefined).resume();
    channel.stderr.resume();
    channel.end();
  });
}
