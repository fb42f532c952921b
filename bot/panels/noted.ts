import type { Talk } from '../../engine/domain/events.ts';

/** What a warning knows, and how it ended. */
export interface Warned {
  readonly machine: string;
  readonly why: string;
  readonly actsAt: number;
  readonly dollarsPerHour: number;
  readonly payBack?: string;
  readonly ended: { readonly how: 'kept' | 'stays' | 'sleeps' | 'gone'; readonly say: string } | null;
}

/** What an alert knows. */
export interface Alerted {
  readonly talk: Talk;
  readonly at: number;
  /** When it was over, and how; null while it is not. */
  readonly resolved: { readonly at: number; readonly say: string } | null;
}
