import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentEvent, type RunOrder } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import { readIfThere } from '../../files/whole-file.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import type { Talk } from '../talk.ts';
import { knock, type Wire } from './door.ts';
import type { Knock } from './knocks.ts';
import { living } from './living.ts';
import { openWords, startLife } from './start-life.ts';
import { wordsFile } from './words-file.ts';

/**
 * Hands an order to the agent that lives on the machine, and starts it when there is none. Where the engine cannot be
 * reached in another way we stay, and carry what that one says and what it is answered, until the engine hangs up.
 */
export async function run(order: RunOrder, place: Place, self: Self, talk: Talk, signal: AbortSignal): Promise<void> {
  const attached = order.heartbeat.url === null;
  const listening = AbortSignal.any([signal, talk.deaf, talk.hungUp]);
  for (let said = false; ; said = true) {
    using found = await hand(order, attached, place, self, signal);
    if (!said || found.living.event === 'failed') talk.say(found.living);
    if (found.living.event === 'failed') process.exitCode = 1;
    if (!attached || found.living.event === 'failed') return;
    await carry(found.wire, talk, listening);
    if (listening.aborted) return;
    // It ended or became a newer one: whoever lives then is given the order again.
  }
}

interface Handed extends Disposable {
  readonly wire: Wire;
  readonly living: AgentEvent;
}

/** One that is about to become a newer one hangs up, and then that one is asked. */
async function hand(
  order: RunOrder,
  attached: boolean,
  place: Place,
  self: Self,
  signal: AbortSignal,
): Promise<Handed> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { wire, already } = await reach(place, self, signal);
    wire.say({ say: 'run', order, attached, already } satisfies Knock);
    const event = await next(wire, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    if (event) return { wire, living: event, [Symbol.dispose]: () => wire[Symbol.dispose]() };
    wire[Symbol.dispose]();
    await sleep(AGAIN_MS, undefined, { signal });
  }
  throw new Failure('bad_request', { why: 'the agent that lives here hangs up again and again' });
}

/** Until one of the two ends hangs up. */
async function carry(wire: Wire, talk: Talk, signal: AbortSignal): Promise<void> {
  const torn = AbortSignal.any([signal, wire.hungUp, wire.deaf]);
  const answers = (async () => {
    for (let line = await talk.next(torn); line !== null; line = await talk.next(torn)) wire.say(JSON.parse(line));
  })();
  try {
    for (let event = await next(wire, signal); event !== null; event = await next(wire, signal)) talk.say(event);
  } catch (cause) {
    if (!signal.aborted) throw cause;
  } finally {
    wire[Symbol.dispose]();
    await answers.catch(() => undefined);
  }
}

async function next(wire: Wire, signal: AbortSignal): Promise<AgentEvent | null> {
  const line = await wire.next(signal);
  return line === null ? null : AgentEvent.parse(JSON.parse(line));
}

interface Reached {
  readonly wire: Wire;
  /** It lived before we came. */
  readonly already: boolean;
}

async function reach(place: Place, self: Self, signal: AbortSignal): Promise<Reached> {
  let started: { readonly ended: () => boolean } | null = null;
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += LOOK_MS) {
    const one = living(place);
    const wire = one && (await knock(one.socket));
    if (wire) return { wire, already: started === null };
    if (!one && (!started || started.ended())) {
      if (started && waitedMs > START_MS / 2) break;
      started = start(place, self);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
  throw new Failure('bad_request', { why: `no agent began to live here: ${lastWords(place)}` });
}

function start(place: Place, self: Self): { readonly ended: () => boolean } {
  const words = openWords(place);
  try {
    const child = startLife(place, self, ['ignore', words, words]);
    let over = false;
    child.on('exit', () => {
      over = true;
    });
    child.on('error', () => {
      over = true;
    });
    child.unref();
    return { ended: () => over };
  } finally {
    closeSync(words);
  }
}

function lastWords(place: Place): string {
  const words = (readIfThere(wordsFile(place)) ?? '').trim().split('\n').slice(-5).join(' ');
  return words || 'it said nothing';
}

const LOOK_MS = 25;
const START_MS = 15_000;
const ANSWER_MS = 10_000;
const AGAIN_MS = 250;
const TRIES = 80;
