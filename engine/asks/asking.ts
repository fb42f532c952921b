import { createHash } from 'node:crypto';
import type { Decided } from '../domain/asked-words.ts';
import type { Asked } from '../domain/doors.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import type { Intent, Operation } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { carryOut } from '../steps/operation.ts';
import { raceBell } from '../steps/step.ts';

/** What everything that is asked has in common: one operation for one key, and a line that says who asked. */
export interface Asking {
  begin(
    verb: Decided,
    workspace: Workspace,
    asked: Asked,
    intentOf: (operation: string, at: number) => Intent,
    why?: string,
  ): Promise<Operation>;
  /** In the audit, and in the log of the workspace. */
  noted(verb: Decided, workspace: string, asked: Asked, result: string, why?: string): Promise<void>;
  record(verb: string, on: string, asked: Asked, result: string, why?: string): Promise<void>;
}

export function createAsking(ports: Ports): Asking {
  const { store, clock } = ports;
  return { begin, noted, record };

  /** One operation for one key, however often it is asked. */
  async function begin(
    verb: Decided,
    workspace: Workspace,
    asked: Asked,
    intentOf: (operation: string, at: number) => Intent,
    why = '',
  ): Promise<Operation> {
    const id =
      asked.key === null
        ? ports.newId('op')
        : `op${createHash('sha256').update(`${asked.by}\n${asked.key}`).digest('hex').slice(0, 16)}`;
    const known = await store.read('operations', id);
    if (known) return sameAsk(known, verb, workspace.id, intentOf);
    // After everything that was asked before, also when the computer's clock was set back.
    const at = Math.max(clock.now(), workspace.wish.at + 1);
    const operation: Operation = {
      id,
      version: 0,
      key: asked.key,
      verb,
      workspace: workspace.id,
      by: asked.by,
      at,
      intent: intentOf(id, at),
      endedAt: null,
      outcome: null,
    };
    const saved = await store.save('operations', operation).catch(async (cause: unknown) => {
      const first = await store.read('operations', id);
      if (isFailure(cause, 'row_changed') && first) return sameAsk(first, verb, workspace.id, intentOf); // at the same moment
      throw cause;
    });
    await noted(verb, workspace.id, asked, id, why);
    await carryOut(saved, ports);
    await nudgeRaces(workspace.id);
    return saved;
  }

  async function nudgeRaces(workspace: string): Promise<void> {
    for (const race of await store.list('races')) {
      if (race.workspace === workspace && race.endedAt === null) ports.bell.ring(raceBell(race.id));
    }
  }

  /** Who decided what about a workspace stands in its own log too. */
  async function noted(verb: Decided, workspace: string, asked: Asked, result: string, why = ''): Promise<void> {
    await record(verb, workspace, asked, result, why);
    ports.log('workspace.asked', { workspace, by: asked.by, verb, result, ...(why !== '' && { why }) });
  }

  async function record(verb: string, on: string, asked: Asked, result: string, why = ''): Promise<void> {
    await ports.journals.append('audit', {
      at: clock.now(),
      by: asked.by,
      verb,
      on,
      result,
      why,
      ...(asked.from !== undefined && { from: asked.from }),
    });
  }
}

/** Whoever asks the same again gets what began then; who asks for something else under the same key is told. */
function sameAsk(
  known: Operation,
  verb: string,
  workspace: string,
  intentOf: (operation: string, at: number) => Intent,
): Operation {
  const same = known.intent === null || textOf(known.intent) === textOf(intentOf(known.id, known.at));
  if (known.verb === verb && known.workspace === workspace && same) return known;
  throw new Failure('key_reused', { key: known.key ?? '' });
}

/** Which machines it is about, and under which password, is not what a person said. */
const textOf = (intent: Intent): string =>
  JSON.stringify(intent, (key, value) => (key === 'machines' || key === 'sealedPassword' ? undefined : value));
