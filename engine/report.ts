import { isFailure, reasonOf } from './domain/failures.ts';
import type { Ports } from './domain/ports.ts';

/** Logs what a loop survives: a failure as a warning, anything else as the fault that it is, with its stack. */
export function report(
  event: string,
  cause: unknown,
  ports: Ports,
  signal: AbortSignal,
  facts: Readonly<Record<string, unknown>> = {},
): void {
  if (signal.aborted) return;
  const expected = isFailure(cause);
  const stack = !expected && cause instanceof Error ? { stack: cause.stack } : {};
  ports.log(
    event,
    { ...facts, why: reasonOf(cause), ...(expected ? { code: cause.code } : stack) },
    expected ? 'WARNING' : 'ERROR',
  );
}
