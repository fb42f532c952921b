import type { FailureCode } from './failures.ts';

/** Something a person asked for, keyed by where it came from, so that asking twice never does it twice. */
export interface Operation {
  readonly id: string;
  readonly version: number;
  /** The interaction id or Idempotency-Key; null when the way in had none. */
  readonly key: string | null;
  readonly verb: string;
  readonly workspace: string;
  readonly by: string;
  readonly at: number;
  readonly endedAt: number | null;
  readonly outcome: Outcome | null;
}

export type Outcome =
  | { readonly ok: true; readonly say: string; readonly facts: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly code: FailureCode;
      readonly say: string;
      readonly facts: Readonly<Record<string, unknown>>;
    };
