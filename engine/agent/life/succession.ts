import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { AgentOrder, type RunOrder } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { type Talk, talkOver } from '../talk.ts';
import { LIVE_FLAGS } from './live-flags.ts';
import { wordsFile } from './words-file.ts';

/** What is said between an agent and the one that takes over from it, in this order. */
const Will = z.object({ say: z.literal('will'), order: AgentOrder });
const Ready = z.object({ say: z.literal('ready') });
const Go = z.object({ say: z.literal('go') });
const Lives = z.object({ say: z.literal('lives') });

/**
 * Starts this program anew, in the version that lies on the disk now, and gives it all that we were told. Returns when it
 * lives; rejects when it does not come up, and then nothing has changed but that `giveWay` may have been called.
 */
export async function handOver(
  place: Place,
  self: Self,
  order: RunOrder,
  giveWay: () => void,
  signal: AbortSignal,
): Promise<void> {
  const words = openSync(wordsFile(place), 'w', 0o600);
  const heir = spawn(process.execPath, [...LIVE_FLAGS, self.program, 'live', ...self.argv], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', words],
  });
  closeSync(words);
  heir.on('error', () => undefined); // then it says nothing
  using talk = talkOver<object>(heir.stdout!, heir.stdin!);
  const patience = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  const hear = async (what: z.ZodType): Promise<void> => {
    const line = await talk.next(patience);
    if (line === null || !what.safeParse(JSON.parse(line)).success)
      throw new Failure('bad_request', {
        why: `the newer program did not come up: ${line ?? readFileSync(wordsFile(place), 'utf8').trim().slice(-300)}`,
      });
  };
  try {
    talk.say({ say: 'will', order });
    await hear(Ready);
    giveWay();
    talk.say({ say: 'go' });
    await hear(Lives);
    heir.unref();
  } catch (cause) {
    if (heir.pid !== undefined) heir.kill('SIGKILL'); // else Node would signal our own process group
    throw cause;
  }
}

/** What an older one left us; null when we are the first. It lives until we say that we do. */
export async function inherit(talk: Talk<object>, signal: AbortSignal): Promise<RunOrder | null> {
  const line = await talk.next(signal);
  if (line === null) return null;
  const { order } = Will.parse(JSON.parse(line));
  talk.say({ say: 'ready' });
  Go.parse(JSON.parse((await talk.next(signal)) ?? 'null'));
  return order.verb === 'run' ? order : null;
}

export function sayThatWeLive(talk: Talk<object>): void {
  talk.say({ say: 'lives' });
}

const READY_MS = 15_000;
