import { isFailure, sentence } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Ask, Workspace } from '../domain/workspace.ts';
import { endOperation, forgetAsk } from './operation.ts';
import { isUnreached, reach } from './reach.ts';
import { converse } from './save-talk.ts';
import type { Note } from './step.ts';

/** Takes the snapshot that somebody asked for while people work on. It is asked for until it is there, or cannot be. */
export async function takeSnapshot(
  machine: Machine,
  workspace: Workspace,
  ask: Ask,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<void> {
  try {
    await using shell = await reach(machine, ports, signal);
    const saved = await converse(shell, machine, workspace, { mode: 'live', ask }, ports, signal, note);
    await endOperation(
      ask.operation,
      { ok: true, say: `Saved and proved as ${saved.snapshot?.slice(0, 8)}.`, facts: { snapshot: saved.snapshot } },
      ports,
    );
    await forgetAsk(workspace.id, ask.operation, ports);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || isUnreached(cause)) throw cause;
    await endOperation(
      ask.operation,
      { ok: false, code: cause.code, say: sentence(cause.code, cause.facts), facts: cause.facts },
      ports,
    );
    await forgetAsk(workspace.id, ask.operation, ports);
  }
}
