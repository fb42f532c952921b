import { type AgentEvent, AgentFailureCode } from '../domain/agent-protocol.ts';
import { Failure, reasonOf } from '../domain/failures.ts';

type Failed = Extract<AgentEvent, { event: 'failed' }>;

/** What went wrong, as the engine hears it. It makes the sentence for people itself, so only the reason travels. */
export function failed(verb: string, cause: unknown): Failed {
  const otherwise: Failed['code'] =
    verb.startsWith('restore') || verb === 'bring-back' ? 'restore_failed' : 'backup_failed';
  if (!(cause instanceof Failure))
    return { event: 'failed', code: isFull(cause) ? 'machine_disk_full' : otherwise, why: reasonOf(cause) };
  const { path, why } = cause.facts;
  const said = [path, why].filter((fact) => typeof fact === 'string' && fact !== '').join(': ');
  const code = AgentFailureCode.safeParse(cause.code).data ?? otherwise;
  return { event: 'failed', code, why: said || cause.message };
}

const isFull = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
