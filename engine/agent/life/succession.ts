import { closeSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { AgentOrder, type RunOrder } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { type Talk, talkOver } from '../talk.ts';
import { upMs } from './moment.ts';
import { openWords, startLife } from './start-life.ts';
import { wordsFile } from './words-file.ts';

/** What is said between an agent and the one that takes over from it, in this order. */
const Will = z.object({
  say: z.literal('will'),
  order: AgentOrder,
  /** When it was written, and when the engine was last heard: it may lie about for a while before it is read. */
  upMs: z.number().optional(),
  heardAt: z.number().optional(),
});
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
  will: Inheritance,
  giveWay: () => void,
  signal: AbortSignal,
): Promise<void> {
  const words = openWords(place);
  const heir = startLife(place, self, ['pipe', 'pipe', words]);
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
    talk.say(willOf(will));
    await hear(Ready);
    giveWay();
    talk.say({ say: 'go' });
    await hear(Lives);
    heir.unref();
  } catch (cause) {
    endGroup(heir.pid);
    throw cause;
  }
}

/** Its keeper with it. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // all of them ended by themselves
  }
}

/** All that an agent was told, in the words in which the one after it is told. */
export const willOf = ({ order, heardAt }: Inheritance): object =>
  ({ say: 'will', order, upMs: upMs(), heardAt: heardAt ?? undefined }) satisfies z.infer<typeof Will>;

export interface Inheritance {
  readonly order: RunOrder;
  /** When the engine was last heard, if that is known. */
  readonly heardAt: number | null;
}

/** What an older one left us; null when we are the first. It lives until we say that we do, unless it was killed. */
export async function inherit(talk: Talk<object>, signal: AbortSignal): Promise<Inheritance | null> {
  const line = await talk.next(signal);
  if (line === null) return null;
  const { order, upMs: writtenAt = upMs(), heardAt = null } = Will.parse(JSON.parse(line));
  talk.say({ say: 'ready' });
  Go.parse(JSON.parse((await talk.next(signal)) ?? 'null'));
  if (order.verb !== 'run') return null;
  const now = order.answer.now + upMs() - writtenAt;
  return { order: { ...order, answer: { ...order.answer, now } }, heardAt };
}

export function sayThatWeLive(talk: Talk<object>): void {
  talk.say({ say: 'lives' });
}

const READY_MS = 15_000;
