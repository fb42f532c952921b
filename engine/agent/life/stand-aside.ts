import type { AgentEvent } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import type { Place } from '../place.ts';
import { knock, type Wire } from './door.ts';
import { AsideSaid, type AsideSays, type Knock } from './knocks.ts';
import { living } from './living.ts';

/** The agent that lives here lets us have the machine, until this is closed or we end. */
export interface StoodAside extends Disposable {
  /** Null: nobody lives here, and nothing is known. */
  readonly known: {
    readonly durableAgoMs: number | null;
    readonly changed: boolean;
    readonly parent: string | null;
    readonly last: number;
  } | null;
  /** This snapshot was taken, whether or not it is believed: the next one is compared with it. */
  took(snapshot: string): void;
  keptStopped(): void;
}

/** It lets the backup that runs come to its end first; what that says of its progress is handed on. */
export async function askToStandAside(
  place: Place,
  sequence: number,
  say: (event: AgentEvent) => void,
  signal: AbortSignal,
): Promise<StoodAside> {
  const one = living(place);
  const wire = one && (await knock(one.socket));
  if (!wire)
    return { known: null, took: () => undefined, keptStopped: () => undefined, [Symbol.dispose]: () => undefined };
  try {
    wire.say({ say: 'stand-aside', sequence } satisfies Knock);
    const known = await heardOf(wire, say, signal);
    return {
      known,
      took: (snapshot) => wire.say({ say: 'took', snapshot } satisfies AsideSays),
      keptStopped: () => wire.say({ say: 'kept-stopped' } satisfies AsideSays),
      [Symbol.dispose]: () => wire[Symbol.dispose](),
    };
  } catch (cause) {
    wire[Symbol.dispose]();
    throw cause;
  }
}

/** One that does not answer stands still itself, and the lock keeps the two of us apart. */
async function heardOf(
  wire: Wire,
  say: (event: AgentEvent) => void,
  signal: AbortSignal,
): Promise<StoodAside['known']> {
  for (let first = true; ; first = false) {
    const patience = AbortSignal.timeout(first ? ANSWER_MS : BACKUP_MS);
    const line = await wire.next(AbortSignal.any([signal, patience])).catch((cause: unknown) => {
      signal.throwIfAborted();
      if (first) return null;
      throw new Failure('repository_locked', { workspace: 'this machine', why: 'busy with a backup' }, { cause });
    });
    if (line === null) return null;
    const said = AsideSaid.parse(JSON.parse(line));
    if (said.say === 'aside') return said;
    if (said.say === 'busy') continue;
    say({ event: 'progress', ...said.progress });
  }
}

const ANSWER_MS = 10_000;
/** Between two words of a backup that has to end first. */
const BACKUP_MS = 10 * 60_000;
