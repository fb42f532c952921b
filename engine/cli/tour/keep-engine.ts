import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure } from '../../domain/failures.ts';
import { type EngineClient, engineClient } from '../engine-client.ts';
import { TOUR_HOME } from './own-engine.ts';

/** What the keeper of the tour's engine says, a line of JSON each. */
export type KeeperSays = { readonly ready: true } | { readonly say: string } | { readonly failed: string };

export interface KeptEngine extends AsyncDisposable {
  readonly client: EngineClient;
  /** Aborted when it ended although the tour goes on. */
  readonly gone: AbortSignal;
}

const KEEPER = join(import.meta.dirname, 'keeper.ts');

/** Starts an engine for the tour. Leaving its scope stops it, ends its machines, and takes its home away. */
export async function keepEngine(onSay: (line: string) => void, signal: AbortSignal): Promise<KeptEngine> {
  const compiled = getCompileCacheDir();
  // biome-ignore lint/style/noProcessEnv: the keeper reads the same environment as we do.
  const env = { ...process.env, ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) }) };
  // In a session of its own, so that a Ctrl-C of the terminal reaches only us, and we end it in order.
  const child = spawn(process.execPath, [KEEPER], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env });
  const ended = once(child, 'close') as Promise<[code: number | null]>;
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-COMPLAINT_MAX);
  });
  child.stdin.on('error', () => undefined); // it has ended
  const gone = new AbortController();
  ended.then(
    () => gone.abort(left(`the engine of the tour ended. ${complaint}`)),
    (cause: unknown) => gone.abort(cause),
  );
  const end = async () => {
    const before = gone.signal.aborted;
    child.stdin.destroy();
    const [code] = await ended;
    if (code !== 0 && !before) throw left(complaint);
  };
  const stop = () => child.stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as KeeperSays;
        if ('say' in said) onSay(said.say);
        else if ('failed' in said) reject(notStarted(said.failed));
        else resolve();
      });
      ended.then(() => reject(notStarted(complaint.trim() || 'It ended without a word.')), reject);
    });
    return { client: engineClient(TOUR_HOME), gone: gone.signal, [Symbol.asyncDispose]: end };
  } catch (thrown) {
    await end();
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const COMPLAINT_MAX = 4_000;

function notStarted(why: string): Failure {
  const failure = new Failure('engine_down', { url: TOUR_HOME });
  failure.message = `The engine of the tour did not start. ${why}`;
  return failure;
}

function left(why: string): Failure {
  return new Failure('internal', { why: `${why.trim()}\nThe next tour takes away what is left in ${TOUR_HOME}.` });
}
