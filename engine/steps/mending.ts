import { Readable } from 'node:stream';
import { isFailure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { mend } from './vault.ts';

/** Does this. When the hot repository lacks something for it that a vault has, that is brought back and it is done once more. */
export async function mending<T>(
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
  work: (again: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await work(false);
  } catch (cause) {
    if (!(await isMended(workspace, cause, ports, signal))) throw cause;
    return await work(true);
  }
}

/** The same of what is read: whoever has its beginning already goes on where that ended. */
export function readMending(workspace: Workspace, ports: Ports, signal: AbortSignal, open: () => Readable): Readable {
  let source: Readable | null = null;
  async function* bytes(): AsyncGenerator<Buffer> {
    let given = 0;
    for (let again = false; ; again = true) {
      let place = 0;
      source = open();
      try {
        for await (const chunk of source as AsyncIterable<Buffer>) {
          const known = Math.min(chunk.length, Math.max(0, given - place));
          place += chunk.length;
          if (known === chunk.length) continue;
          given = place;
          yield chunk.subarray(known);
        }
        return;
      } catch (cause) {
        if (again || !(await isMended(workspace, cause, ports, signal))) throw cause;
      }
    }
  }
  const through = Readable.from(bytes(), { objectMode: false });
  through.once('close', () => source?.destroy()); // nobody reads it any more
  return through;
}

async function isMended(workspace: Workspace, cause: unknown, ports: Ports, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  if (!isFailure(cause, 'restore_failed', 'restore_differs', 'no_repository', 'wrong_password', 'no_file_list'))
    return false;
  return (await mend(workspace, ports, signal)) > 0;
}
