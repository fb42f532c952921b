import type { Gift, Operation } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { specDefaults } from '../domain/spec-defaults.ts';
import { finish, type Original, workspaceMadeOf } from './made-of-snapshot.ts';

/**
 * Somebody else's workspace, made of one snapshot. All keys of a repository open all of it and always will, so none is
 * handed over: that snapshot is written into a new repository under a new password, and nothing else comes along.
 */
export async function given(
  { into, to, sealedPassword }: Gift,
  asked: Operation,
  original: Original,
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { source, snapshot } = original;
  const { image, need, diskGb, ports: open, include, exclude, fileBytesMax } = source.spec;
  // What is the giver's own stays behind: keys that open machines, variables, what runs after a wake.
  const spec = { ...specDefaults(ports.settings), image, need, diskGb, ports: open, include, exclude, fileBytesMax };
  const workspace = workspaceMadeOf(source, asked, { id: into, owner: to, spec, sealedPassword });
  await ports.repositories.ensure(workspace, signal);
  const copied = await ports.repositories.copyIn(workspace, source, snapshot.id, signal);
  const own = await ports.repositories.rehost(workspace, copied, signal);
  const from = `${source.id}/${snapshot.id}`;
  const extra = to === asked.by ? { cloned_from: from } : { shared_by: asked.by, shared_from: from };
  return await finish(workspace, own, original, extra, ports, signal);
}

/** Written down, and told to whoever has it now. */
export async function tellOfGift({ into, to }: Gift, asked: Operation, made: Snapshot, ports: Ports): Promise<void> {
  const at = ports.clock.now();
  const result = `shared with ${to} as ${made.id.slice(0, 8)}`;
  await ports.journals.append('audit', { at, by: asked.by, verb: 'give', on: into, result, why: asked.id });
  ports.tell({
    event: 'workspace.received',
    workspace: into,
    by: asked.by,
    to,
    snapshot: made.id,
    files: made.fileCount,
    bytes: made.sizeBytes,
  });
}
