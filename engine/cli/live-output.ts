import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { EngineClient } from './engine-client.ts';
import type { Screen } from './screen.ts';
import { quote, sshArgv, wayTo } from './ssh-way.ts';

/** A lost connection is made again after this long. */
const AGAIN_MS = 2_000;
/** The rest of it is asked for once more; a machine that is being saved may stand still by then. */
const REST_MS = 5_000;

export interface LiveOutput {
  /** Nothing more is written there: what is still missing is fetched, if the machine answers. */
  finish(): Promise<void>;
}

/**
 * What a program prints into a file on the machine, as it comes, on standard output. It goes on at the next byte when
 * the connection breaks; the program does not notice any of it.
 */
export function liveOutput(
  workspace: string,
  file: string,
  { engine, screen, signal }: { engine: EngineClient; screen: Screen; signal: AbortSignal },
): LiveOutput {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, signal]);
  let bytes = 0;
  const following = follow();
  return {
    async finish() {
      over.abort();
      await following;
      // Said by the last of the connections already, as a rule; then this brings nothing.
      const rest = AbortSignal.any([signal, AbortSignal.timeout(REST_MS)]);
      await read(`tail -c +${bytes + 1} ${quote(file)}`, rest).catch(() => undefined);
    },
  };

  async function follow(): Promise<void> {
    let told = false;
    while (!either.aborted) {
      try {
        await read(`exec tail -c +${bytes + 1} -F ${quote(file)}`, either);
      } catch (thrown) {
        if (either.aborted) return;
        if (!told) screen.note(`What it prints cannot be shown right now: ${reasonOf(thrown)}`);
        told = true;
      }
      await wait(AGAIN_MS, undefined, { signal: either }).catch(() => undefined);
    }
  }

  async function read(line: string, until: AbortSignal): Promise<void> {
    const target = await wayTo(engine, workspace, until);
    const argv = ['-n', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', ...sshArgv(target), line];
    const child = spawn('ssh', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): void => {
      if (child.pid !== undefined) child.kill(); // one that never began: Node would signal our own process group
    };
    until.addEventListener('abort', stop, { once: true });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-1_000);
    });
    const closed = once(child, 'close').catch((cause: unknown) => [null, cause] as const);
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
    }
    const [code] = await closed;
    until.removeEventListener('abort', stop);
    if (code === 255) throw new Failure('ssh_lost', { why: said.trim().split('\n').at(-1) ?? 'ssh ended' });
  }
}
