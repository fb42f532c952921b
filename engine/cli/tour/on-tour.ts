import { FAILURES, Failure, type FailureCode } from '../../domain/failures.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import type { EngineClient } from '../engine-client.ts';
import { askAndFollow, type Following } from '../follow.ts';
import type { Teller } from './tell.ts';

/** What every chapter of the tour works with. */
export interface OnTour {
  readonly engine: EngineClient;
  readonly following: Following;
  readonly tell: Teller;
  readonly signal: AbortSignal;
}

export const TOURED = 'tour';
export const PATH = `/api/v1/instances/${TOURED}`;
/** Where the files lie on its machine. */
export const ROOT = '/workspace';

export const MINUTE = 60_000;

/** Asks for something and follows it to its good end; anything else ends the tour. */
export async function achieve(
  what: string,
  ask: () => Promise<OperationJson>,
  { following, signal }: OnTour,
): Promise<OperationJson & { readonly ended_at: string }> {
  const tooLong = AbortSignal.timeout(OPERATION_MS);
  const ended = await askAndFollow(TOURED, ask, { ...following, signal: AbortSignal.any([signal, tooLong]) });
  signal.throwIfAborted();
  if (!ended) throw new Failure('stage_slow', { stage: what, seconds: OPERATION_MS / 1_000 });
  const { outcome, ended_at: at } = ended;
  if (outcome?.ok && at !== null) return { ...ended, ended_at: at };
  const code = outcome?.code ?? 'internal';
  const failure = new Failure(Object.hasOwn(FAILURES, code) ? (code as FailureCode) : 'internal', outcome?.facts);
  failure.message = outcome?.say ?? `${what} did not end`;
  throw failure;
}

/** All rounds of a race, and more. */
const OPERATION_MS = 4 * MINUTE;
