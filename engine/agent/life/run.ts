import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentEvent, type RunOrder } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import { readIfThere } from '../durable.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import type { Talk } from '../talk.ts';
import { knock, type Wire } from './door.ts';
import type { Knock } from './knocks.ts';
import { lifeFolder, living } from './living.ts';

/**
 * Hands an order to the agent that lives on the machine, and starts it when there is none. Where the engine cannot be
 * reached in another way we stay, and carry what that one says and what it is answered, until the engine hangs up.
 */
export async function run(order: RunOrder, place: Place, self: Self, talk: Talk, signal: AbortSignal): Promise<void> {
  const attached = order.heartbeat.url === null;
  const listening = AbortSignal.any([signal, talk.deaf, talk.hungUp]);
  let said = false;
  do {
    using door = await reach(place, self, signal);
    door.wire.say({ say: 'run', order, attached, already: door.already } satisfies Knock);
    const event = await next(door.wire, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    if (event?.event === 'failed') {
      talk.say(event);
      process.exitCode = 1;
      return;
    }
    if (event?.event !== 'living')
      throw new Failure('bad_request', { why: 'the agent that lives here did not answer' });
    if (!said) talk.say(event);
    said = true;
    if (!attached) return;
    await carry(door.wire, talk, listening);
    // It ended or became a newer one: whoever lives then is given the order again.
  } while (!listening.aborted);
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

interface Reached extends Disposable {
  readonly wire: Wire;
  /** It lived before we came. */
  readonly already: boolean;
}

async function reach(place: Place, self: Self, signal: AbortSignal): Promise<Reached> {
  let started: { readonly ended: () => boolean } | null = null;
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += LOOK_MS) {
    const one = living(place);
    const wire = one && (await knock(one.socket));
    if (wire) return { wire, already: started === null, [Symbol.dispose]: () => wire[Symbol.dispose]() };
    if (!one && (!started || started.ended())) {
      if (started && waitedMs > START_MS / 2) break;
      started = start(place, self);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
  throw new Failure('bad_request', { why: `no agent began to live here: ${lastWords(place)}` });
}

/** Apart from us and from the connection we came by. */
function start(place: Place, self: Self): { readonly ended: () => boolean } {
  const output = openSync(wordsFile(place), 'w', 0o600);
  try {
    const child = spawn(process.execPath, [...SMALL, self.program, 'live', ...self.argv], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', output, output],
    });
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
    closeSync(output);
  }
}

function lastWords(place: Place): string {
  const words = (readIfThere(wordsFile(place)) ?? '').trim().split('\n').slice(-5).join(' ');
  return words || 'it said nothing';
}

/** What Node itself has to say when it ends; everything else is in the log. */
const wordsFile = (place: Place): string => join(lifeFolder(place), 'words');

/** It lives beside people's work for weeks, and whatever is large is done by others. */
const SMALL = ['--max-old-space-size=48', '--max-semi-space-size=1'];
const LOOK_MS = 25;
const START_MS = 15_000;
const ANSWER_MS = 10_000;
