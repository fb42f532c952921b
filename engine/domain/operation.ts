import type { FailureCode } from './failures.ts';
import type { Ask, Fetch, Job, Wish } from './workspace.ts';

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
  /**
   * What it changes in its workspace: whoever looks next carries it out when the one who wrote it was stopped before that.
   * Null in rows that are older than this.
   */
  readonly intent: Intent | null;
  /** How often it came to nothing, for what is tried again. */
  readonly tries?: number | undefined;
  readonly endedAt: number | null;
  readonly outcome: Outcome | null;
}

export type Intent =
  | { readonly wish: Wish }
  | { readonly ask: Ask }
  | { readonly job: Job }
  | { readonly fetch: Fetch }
  | { readonly clone: Clone }
  | { readonly give: Gift }
  | { readonly drill: { readonly snapshot: string } }
  | { readonly rekey: Rekey };

/** Another password for a repository, wrapped by the master key; kept here so that a try that was cut off goes on with it. */
export interface Rekey {
  readonly sealedPassword: string;
}

/** A workspace of its own, made of a snapshot. */
export interface Clone {
  readonly snapshot: string;
  readonly into: string;
}

/** The same for somebody else, under a password that no other repository has. */
export interface Gift extends Clone {
  readonly to: string;
  /** Wrapped by the master key, and here so that a try that was cut off goes on with the same. */
  readonly sealedPassword: string;
}

export type Outcome =
  | { readonly ok: true; readonly say: string; readonly facts: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly code: FailureCode;
      readonly say: string;
      readonly facts: Readonly<Record<string, unknown>>;
    };
